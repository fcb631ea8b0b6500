package console

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// maxJoined bounds how many members a presence channel may have for one more to be added by hand.
const maxJoined = 1000

// isRoom reports false when it has answered: the name is not that of a presence channel.
func isRoom(w http.ResponseWriter, name string) bool {
	if strings.HasPrefix(name, "presence-") && len(name) <= maxName {
		return true
	}
	bad(w, `channel: want the name of a presence channel, which begins with "presence-"`)
	return false
}

func (c *Console) answerMembers(w http.ResponseWriter, room string) {
	ch := newChannel(c.server.ViewChannel(room))
	answer(w, http.StatusOK, struct {
		Channel string   `json:"channel"`
		Members []member `json:"members"`
		Count   int      `json:"count"`
	}{room, ch.Members, ch.MemberCount})
}

func (c *Console) listMembers(w http.ResponseWriter, r *http.Request) {
	if room := r.URL.Query().Get("channel"); isRoom(w, room) {
		c.answerMembers(w, room)
	}
}

// addMember adds a member without a connection.
func (c *Console) addMember(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Channel string          `json:"channel"`
		UserID  string          `json:"user_id"`
		Info    json.RawMessage `json:"user_info"`
	}
	if !readJSON(w, r, &asked) || !isRoom(w, asked.Channel) {
		return
	}
	if asked.UserID == "" || len(asked.UserID) > maxName {
		bad(w, "user_id: want a string of 1 to 200 bytes")
		return
	}
	if len(c.server.Members(asked.Channel)) >= maxJoined {
		fail(w, http.StatusConflict, "too_many", "the channel has 1000 members")
		return
	}
	m := auth.Member{ID: asked.UserID}
	if asked.Info != nil {
		m.Info = asked.Info
	}
	c.server.Join(asked.Channel, m)
	c.answerMembers(w, asked.Channel)
}

// removeMember removes a member that was added by hand.
func (c *Console) removeMember(w http.ResponseWriter, r *http.Request) {
	room := r.URL.Query().Get("channel")
	if !isRoom(w, room) {
		return
	}
	c.server.Leave(room, r.URL.Query().Get("user_id"))
	c.answerMembers(w, room)
}
