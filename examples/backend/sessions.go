package main

import (
	"crypto/rand"
	"maps"
	"sync"
	"time"
)

// maxSessions bounds the memory that logging in can take.
const maxSessions = 10_000

// sessions are those who are logged in. The zero value is empty.
type sessions struct {
	mu      sync.Mutex
	byToken map[string]session
}

type session struct {
	user    string
	expires time.Time
}

// open begins a session and returns its token; false if there are too many.
func (s *sessions) open(user string, now time.Time) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byToken) >= maxSessions {
		maps.DeleteFunc(s.byToken, func(_ string, old session) bool { return !now.Before(old.expires) })
	}
	if len(s.byToken) >= maxSessions {
		return "", false
	}
	if s.byToken == nil {
		s.byToken = make(map[string]session)
	}
	token := rand.Text()
	s.byToken[token] = session{user, now.Add(sessionLife)}
	return token, true
}

// user returns whose session a token is; false if it is nobody's, or has expired.
func (s *sessions) user(token string, now time.Time) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byToken[token]
	if !ok || !now.Before(found.expires) {
		return "", false
	}
	return found.user, true
}
