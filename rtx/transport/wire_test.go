package transport_test

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"io"
	"log"
	"net/url"

	"github.com/coder/websocket"

	"github.com/realtimex/realtimex-go/rtx/transport"
)

type websocketConn = websocket.Conn

var (
	discardLog  = log.New(io.Discard, "", 0)
	benchConfig = transport.Config{URL: &url.URL{Scheme: "ws", Host: "bench.test"}, APIKey: testKey}
)

// serverFrame is a text frame as a server sends it.
func serverFrame(text string) []byte {
	var b []byte
	switch n := len(text); {
	case n < 126:
		b = []byte{0x81, byte(n)}
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16([]byte{0x81, 126}, uint16(n))
	default:
		b = binary.BigEndian.AppendUint64([]byte{0x81, 127}, uint64(n))
	}
	return append(b, text...)
}

// accept answers a Sec-WebSocket-Key (RFC 6455, section 4.2.2).
func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
