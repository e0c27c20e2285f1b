package upload

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// reader is a body made of a function.
type reader func([]byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }
func (r reader) Close() error               { return nil }

func TestDrippingBodyIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drip := reader(func(p []byte) (int, error) { time.Sleep(time.Second); return copy(p, "x"), nil })
		for _, paced := range []bool{true, false} {
			b := Body{From: drip, Control: http.NewResponseController(httptest.NewRecorder()), Stall: time.Minute, Paced: paced}
			start := time.Now()
			n, err := io.Copy(io.Discard, io.LimitReader(&b, 100))
			if took := time.Since(start); paced != (err != nil) || paced && (took > 2*rateWindow || !errors.Is(err, os.ErrDeadlineExceeded)) {
				t.Errorf("paced %v: %d bytes in %v, %v", paced, n, took, err)
			}
		}
	})
}
