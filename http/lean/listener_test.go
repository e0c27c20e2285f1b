package lean

import (
	"errors"
	"net"
	"sync"
	"testing"
)

// Who closes a listener while somebody begins to accept waits for what that
// began, or it does not begin.
func TestCloseWhileItBegins(t *testing.T) {
	for range 200 {
		inner, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l := new(Server).Listen(inner)
		var accepting sync.WaitGroup
		accepting.Go(func() {
			if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("accept: %v", err)
			}
		})
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		accepting.Wait()
	}
}
