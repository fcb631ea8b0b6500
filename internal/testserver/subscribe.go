package testserver

import (
	"encoding/json"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// request is the payload of what a client asks.
type request struct {
	Channel     any             `json:"channel"`
	Auth        any             `json:"auth"`
	ChannelData any             `json:"channel_data"`
	Event       string          `json:"event"`
	Data        json.RawMessage `json:"data"`
}

func (r request) channel() string {
	name, _ := r.Channel.(string)
	return name
}

// subscribe checks a request and answers it. s.mu is held.
func (s *Server) subscribe(c *Conn, p request, r *Received) {
	channel := p.channel()
	signature, _ := p.Auth.(string)
	channelData, isText := p.ChannelData.(string)
	r.HasAuth = signature != ""
	refuse := func(text string, code int) {
		r.Refused = text
		s.stats.Refused++
		s.observe(Activity{Kind: ActivityDenied, SocketID: c.id, Channel: channel, Reason: text, Code: code})
		s.log().Info("subscription refused", "socket_id", c.id, "channel", channel, "error", text)
		c.socket.Emit(eventError, object(field{"channel", p.Channel}, field{"error", text}, field{"code", code}))
	}
	if channel == "" || len(channel) > maxChannelName {
		refuse("Invalid channel name", codeBadName)
		return
	}
	if d, denied := s.faults.takeDenial(channel); denied {
		refuse(d.text, d.code)
		return
	}
	var m member
	if isPresence(channel) {
		if !isText {
			refuse("channel_data is required", codeNotAllowed)
			return
		}
		r.ChannelData = channelData
	}
	if isGuarded(channel) {
		r.ValidAuth = s.signer.Verify(c.id, channel, auth.Grant{Auth: signature, ChannelData: channelData})
		if !r.ValidAuth {
			refuse("Invalid signature", codeNotAllowed)
			return
		}
	}
	if isPresence(channel) {
		var fault string
		if m, fault = parseMember(channelData, s.cfg.numericIDs); fault != "" {
			refuse(fault, codeNotAllowed)
			return
		}
	}
	if s.faults.takeHang(StepSubscribe) {
		return
	}
	c.socket.Join(room(channel))
	s.enter(c, channel)
	s.stats.Subscriptions++
	s.observe(Activity{Kind: ActivitySubscribed, SocketID: c.id, Channel: channel})
	joins := isPresence(channel) && !c.members.has(channel)
	if joins {
		c.members.set(channel, m)
	}
	s.log().Info("subscribed", "socket_id", c.id, "channel", channel)
	s.faults.whenReleased(func() {
		if c.gone || !c.channels.has(channel) { // gone while the confirmation was held
			return
		}
		if joins {
			s.arrive(c, channel, m)
		}
		s.confirm(c, channel)
	})
}

// confirm tells a client that it is subscribed. s.mu is held.
func (s *Server) confirm(c *Conn, channel string) {
	c.confirmed(channel)
	if !isPresence(channel) {
		c.socket.Emit(eventSucceeded, object(field{"channel", channel}, field{"initial_state", payload{}}))
		return
	}
	s.confirmPresence(c, channel)
}

func (s *Server) unsubscribe(c *Conn, channel string) {
	if !c.channels.has(channel) {
		return
	}
	c.socket.Leave(room(channel))
	s.stats.Unsubscriptions++
	s.observe(Activity{Kind: ActivityUnsubscribed, SocketID: c.id, Channel: channel})
	s.depart(c, channel, c.members)
	s.log().Info("unsubscribed", "socket_id", c.id, "channel", channel)
}
