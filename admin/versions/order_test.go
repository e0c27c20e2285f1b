package versions

import (
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
