package nodetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// freePort picks a port below the range from which systems take the ports of outgoing connections
// (32768 on Linux, 49152 elsewhere). A port inside it would not be safe to close and open again:
// another program's connection may take it meanwhile, and a client that redials it while nobody
// listens can even connect to itself.
func freePort() (int, error) {
	for range 100 {
		port := 20000 + rand.IntN(12000)
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		return port, ln.Close()
	}
	return 0, errors.New("no free port between 20000 and 32000")
}
