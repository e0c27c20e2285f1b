package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
)

// streamed is the stream of bytes that bulk.jsp sends and expects.
type streamed struct{ at, end int64 }

func (s *streamed) Read(p []byte) (int, error) {
	n := 0
	for ; n < len(p) && s.at < s.end; n++ {
		p[n] = byte(s.at*31 + s.at>>8*17 + s.at>>16*7)
		s.at++
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Bodies of 100 MB arrive byte for byte, up and down, with a length and without, and the
// gateway's memory does not grow with them.
func TestLargeBodies(t *testing.T) { largeBodies(t, stage{Tomcats: true, Load: true}) }

func largeBodies(t *testing.T, s stage) {
	const size = 100_000_000
	w := set(t, s)
	if _, err := fetch(directly, "GET", w.http+"/app/plain.jsp", nil); err != nil {
		t.Fatal(err)
	}
	before := w.peak(t)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for _, length := range []int64{size, -1} {
		req, err := http.NewRequest("POST", w.http+"/app/bulk.jsp", io.NopCloser(&streamed{end: size}))
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = length
		req.Header.Set("Content-Type", "application/octet-stream")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if want := fmt.Sprintf("bytes=%d wrong=0", size); err != nil || !strings.HasPrefix(string(text), want) {
			t.Errorf("upload, length %d: %d %.100q %v, want %s", length, resp.StatusCode, text, err, want)
		}
	}
	for _, query := range []string{"", "&chunked"} {
		resp, err := client.Get(fmt.Sprintf("%s/app/bulk.jsp?bytes=%d%s", w.http, size, query))
		if err != nil {
			t.Fatal(err)
		}
		if want := int64(size); query == "" && resp.ContentLength != want || query != "" && resp.ContentLength != -1 {
			t.Errorf("download %q: length %d", query, resp.ContentLength)
		}
		if n, err := same(resp.Body, &streamed{end: size}); err != nil || n != size {
			t.Errorf("download %q: right up to byte %d, %v", query, n, err)
		}
		resp.Body.Close()
	}
	after := w.peak(t)
	t.Logf("the gateway's memory at its highest: %d MB before, %d MB after 4 bodies of %d MB", before>>20, after>>20, size/1_000_000)
	if after-before > 24<<20 {
		t.Errorf("the gateway's memory grew by %d MB", (after-before)>>20)
	}
}

// same compares two streams and returns how far they are equal.
func same(a, b io.Reader) (int64, error) {
	var n int64
	x, y := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		k, err := a.Read(x)
		if _, err := io.ReadFull(b, y[:k]); err != nil {
			return n, fmt.Errorf("longer than expected: %w", err)
		}
		for i := range k {
			if x[i] != y[i] {
				return n + int64(i), fmt.Errorf("byte %#x, expected %#x", x[i], y[i])
			}
		}
		if n += int64(k); err == io.EOF {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
}

// peak is the most memory the gateway ever had resident, in bytes.
func (w *world) peak(t testing.TB) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", w.proc.cmd.Process.Pid))
	if err != nil {
		t.Skipf("skipped: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kB, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			if err != nil {
				t.Fatal(err)
			}
			return kB << 10
		}
	}
	t.Fatal("no VmHWM")
	return 0
}
