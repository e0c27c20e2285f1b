package versions

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"twinhop/admin/problem"
	"twinhop/gateway/config/veil"
)

// What was made of other files, without their secrets, never becomes the file.
func TestRollbackToWhatWasMade(t *testing.T) {
	p := &Panel{Book: &Book{}, Veil: &veil.Veil{}, File: func() OnDisk { return OnDisk{Path: "twinhop.yaml"} }}
	for _, v := range []Version{{Text: "secret: \"***\"\n", Made: true}, {Text: "a: 1\n"}} {
		if _, err := p.Book.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("POST", "/", strings.NewReader("{}"))
	c.Request.Header.Set("Content-Type", "application/json")
	c.Params = gin.Params{{Key: "version", Value: "v1"}}
	_, err := p.Rollback(c)
	if refused := (*problem.Problem)(nil); !errors.As(err, &refused) || refused.Status != 409 || !strings.Contains(refused.Detail, "another product") {
		t.Error(err)
	}
}

// Between reading If-Match and putting a text into force somebody else may do
// the same: who comes second is told, and overwrites nothing.
func TestApplyLooksAgainWhenItsTurnComes(t *testing.T) {
	p := &Panel{Book: &Book{}, Veil: &veil.Veil{}, File: func() OnDisk { return OnDisk{Path: "twinhop.yaml"} }}
	if _, err := p.Book.Add(Version{Text: "a: 1\n"}); err != nil {
		t.Fatal(err)
	}
	p.Put = func(_ context.Context, o *Order) (*Outcome, error) {
		if _, err := p.Book.Add(Version{Text: "a: 2\n"}); err != nil { // another one was faster
			t.Error(err)
		}
		if err := o.Fits(); err != nil {
			return nil, err
		}
		t.Error("what another one just applied would be lost")
		return &Outcome{}, nil
	}
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest("POST", "/", strings.NewReader(`{"text":"a: 3\n"}`))
	c.Request.Header.Set("Content-Type", "application/json")
	c.Request.Header.Set("If-Match", p.etag())
	_, err := p.Apply(c)
	if refused := (*problem.Problem)(nil); !errors.As(err, &refused) || refused.Status != 412 {
		t.Error(err)
	}
}
