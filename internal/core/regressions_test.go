package core

import "testing"

func TestX(t *testing.T) {
replay(t, "signed", "connect", "ok", "hold private-a", "publish b", "deny", "reset", "wait", "ok", "service closes", "wait", "dialed", "established as another", "hold private-a", "publish private-a", "grant", "drain", "service closes")
}
