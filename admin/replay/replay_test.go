package replay

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"twinhop/admin/problem"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	m.Run()
}

type scene struct {
	Book
	now   time.Time
	calls int
}

func newScene() *scene {
	s := &scene{now: time.Unix(1000, 0)}
	s.Now = func() time.Time { return s.now }
	return s
}

// ask sends a request whose handler answers the number of its call.
func (s *scene) ask(key, body string, status int) (*httptest.ResponseRecorder, error) {
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	_, err := s.Serve(c, Name{Who: "ada", Target: "POST /x", Key: key}, []byte(body), func() {
		s.calls++
		c.Header("ETag", `"1"`)
		c.Header("X-Once", "1")
		c.JSON(status, map[string]int{"call": s.calls})
	})
	return w, err
}

func kind(err error) string {
	if p := (*problem.Problem)(nil); errors.As(err, &p) {
		return p.Type
	}
	return fmt.Sprint(err)
}

// The same key and body get the first answer for a day, another body none.
func TestAgain(t *testing.T) {
	s := newScene()
	first, err := s.ask("k", "{}", 202)
	if err != nil || first.Code != 202 || first.Header().Get(Again) != "" {
		t.Fatal(first, err)
	}
	s.now = s.now.Add(Life - 1)
	w, err := s.ask("k", "{}", 500)
	if err != nil || w.Code != 202 || w.Body.String() != first.Body.String() || w.Header().Get(Again) != "true" || w.Header().Get("Etag") != `"1"` || w.Header().Get("X-Once") != "" || s.calls != 1 {
		t.Errorf("%d %s %v %v, %d calls", w.Code, w.Body, w.Header(), err, s.calls)
	}
	if _, err := s.ask("k", `{"a":1}`, 200); kind(err) != "/problems/key-used" || s.calls != 1 {
		t.Error(err)
	}
	s.now = s.now.Add(1)
	if w, err := s.ask("k", `{"a":1}`, 200); err != nil || w.Code != 200 || s.calls != 2 {
		t.Error("a day later", w, err)
	}
	if _, err := s.ask(strings.Repeat("k", 256), "{}", 200); kind(err) != "/problems/validation" {
		t.Error(err)
	}
}

// What failed, panicked or is too large is not kept; what is under way is told.
func TestNotKept(t *testing.T) {
	s := newScene()
	s.ask("failed", "{}", 503)
	if w, err := s.ask("failed", "{}", 200); err != nil || w.Code != 200 || s.calls != 2 {
		t.Error(w, err)
	}
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	n := Name{Key: "x"}
	func() {
		defer func() { recover() }()
		s.Serve(c, n, nil, func() { panic("x") })
	}()
	s.Serve(c, n, nil, func() {
		if _, err := s.Begin(n, nil); kind(err) != "/problems/conflict" {
			t.Error(err)
		}
		c.String(http.StatusOK, "%s", strings.Repeat("x", maxAnswer+1))
	})
	if w.Body.Len() != maxAnswer+1 {
		t.Error("the answer itself was cut")
	}
	if old, err := s.Begin(n, nil); old != nil || err != nil {
		t.Error(old, err)
	}
}

// Only so many are kept; what is under way is never given up.
func TestBounded(t *testing.T) {
	s := newScene()
	under := Name{Key: "under way"}
	s.Begin(under, nil)
	for i := range 2 * maxKeys {
		if _, err := s.ask(fmt.Sprint(i), "{}", 200); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.all) != maxKeys || s.ages.Len() != maxKeys {
		t.Errorf("%d keys, %d", len(s.all), s.ages.Len())
	}
	if _, err := s.Begin(under, nil); kind(err) != "/problems/conflict" {
		t.Error(err)
	}
	for i := range maxKeys {
		s.Drop(Name{"ada", "POST /x", fmt.Sprint(2*maxKeys - 1 - i)})
		s.Begin(Name{Key: fmt.Sprint(i)}, nil)
	}
	if _, err := s.ask("one more", "{}", 200); kind(err) != "/problems/unavailable" {
		t.Error(err)
	}
	s.now = s.now.Add(Life)
	if _, err := s.ask("one more", "{}", 200); err != nil || len(s.all) != 1 {
		t.Error(err, len(s.all))
	}
}
