package nodetest

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A Forward is a kind of forward proxy, run as its own Debian package has it.
type Forward string

// The kinds of [Forward].
const (
	Tinyproxy Forward = "tinyproxy" // HTTP CONNECT
	Squid     Forward = "squid"     // HTTP CONNECT
	Dante     Forward = "dante"     // SOCKS5, with a mount namespace for its users; needs root
)

// program returns the name of the program and of its package in Debian.
func (f Forward) program() (name, pkg string) {
	switch f {
	case Squid:
		return "squid", "squid"
	case Dante:
		return "danted", "dante-server"
	}
	return "tinyproxy", "tinyproxy"
}

const (
	forwardUser     = "rtxuser"
	forwardPassword = "s3cret-of-the-proxy"
	// forwardShadow is forwardPassword for /etc/shadow (SHA-512 crypt).
	forwardShadow = "$6$rtxinterop$HbWX9Wpa.1fxdkHvif5SJZYW8.u56EmVxOG7SF9T3c49bb3b1si9o26jRz12Lv72yzkS5mQPOcfbyU9Z./a2u0"
)

// StartForward starts a forward proxy that asks for a user and a password, and returns its URL with
// them. It ends with the test. Where the program is absent the test skips, or fails if
// REALTIMEX_REQUIRE_PROXIES=1 is in the environment, as in CI.
func StartForward(t testing.TB, kind Forward) *url.URL {
	t.Helper()
	name, pkg := kind.program()
	path, err := exec.LookPath(name)
	if err != nil {
		skipForward(t, fmt.Sprintf("%s is not on PATH: on Debian, apt-get install %s", name, pkg))
	}
	if kind == Dante && os.Geteuid() != 0 {
		skipForward(t, "dante takes its users from /etc/passwd: only root can give it one of its own")
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(file, text string) string {
		full := filepath.Join(dir, file)
		if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return full
	}
	scheme, command := "http", ""
	switch kind {
	case Tinyproxy:
		command = path + " -d -c " + write("conf", fmt.Sprintf(tinyproxyConf, port, forwardUser, forwardPassword))
	case Squid:
		command = path + " -N -f " + write("conf", fmt.Sprintf(squidConf, port, forwardUser, forwardPassword))
	case Dante:
		scheme = "socks5"
		users := write("passwd", "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n"+forwardUser+":x:60001:60001::/:/bin/false\n")
		shadow := write("shadow", "root:*:19000::::::\nnobody:*:19000::::::\n"+forwardUser+":"+forwardShadow+":19000::::::\n")
		command = fmt.Sprintf("unshare -m sh -c 'mount --bind %s /etc/passwd && mount --bind %s /etc/shadow && exec %s -N 1 -f %s'",
			users, shadow, path, write("conf", fmt.Sprintf(danteConf, port)))
	}
	// None of them watches its standard input; the shell does it in their stead. A session of its
	// own takes the helpers along.
	script := "setsid " + command + " >&2 & pid=$!; cat >/dev/null; kill -9 -$pid; wait"
	c, err := startChild(nil, "sh", "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.stop()
		c.logOnFailure(t, name)
	})
	at := fmt.Sprintf("127.0.0.1:%d", port)
	if err := listens(at); err != nil {
		t.Fatalf("%s: %v: %s", name, err, c.stderr.String())
	}
	return &url.URL{Scheme: scheme, Host: at, User: url.UserPassword(forwardUser, forwardPassword)}
}

func skipForward(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("REALTIMEX_REQUIRE_PROXIES") == "1" {
		t.Fatal("REALTIMEX_REQUIRE_PROXIES=1, but " + reason)
	}
	t.Skip(reason)
}

// listens waits until a program that does not say when it is ready takes connections.
func listens(at string) (err error) {
	for deadline := time.Now().Add(startTimeout); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) { //nolint:forbidigo // another process does not tell when its port is open
		var conn net.Conn
		if conn, err = net.Dial("tcp", at); err == nil {
			return conn.Close()
		}
	}
	return err
}

var tinyproxyConf = strings.TrimSpace(`
Port %d
Listen 127.0.0.1
Allow 127.0.0.1
Timeout 600
MaxClients 100
BasicAuth %s %s
`) + "\n"

// The helper that checks the password is given in place, since squid's own is another package.
var squidConf = strings.TrimSpace(`
http_port 127.0.0.1:%d
pid_filename none
pinger_enable off
access_log none
cache_store_log none
cache_log /dev/null
cache deny all
cache_mem 1 MB
coredump_dir none
auth_param basic children 1
auth_param basic program /bin/sh -c "while read u p; do if [ \"$u $p\" = \"%s %s\" ]; then echo OK; else echo ERR; fi; done"
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
`) + "\n"

var danteConf = strings.TrimSpace(`
logoutput: stderr
internal: 127.0.0.1 port = %d
external: 127.0.0.1
clientmethod: none
socksmethod: username
user.privileged: root
user.unprivileged: nobody
client pass {
	from: 0.0.0.0/0 to: 0.0.0.0/0
}
socks pass {
	from: 0.0.0.0/0 to: 0.0.0.0/0
	command: connect
}
`) + "\n"
