package replay

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// Again is the header of an answer that is not the first.
const Again = "Idempotency-Replayed"

var answerHeaders = []string{"Content-Type", "Etag", "Location"}

// Serve answers what was answered to this key before, or lets do answer and
// keeps that. again: do was not called. What failed here is not kept, nor is an
// answer that is too large: the key can be used anew then.
func (b *Book) Serve(c *gin.Context, n Name, body []byte, do func()) (again bool, err error) {
	old, err := b.Begin(n, body)
	if err != nil {
		return true, err
	}
	if old != nil {
		for name, values := range old.Header {
			c.Writer.Header()[name] = values
		}
		c.Header(Again, "true")
		c.Status(old.Status)
		c.Writer.Write(old.Body)
		c.Writer.WriteHeaderNow()
		return true, nil
	}
	w := &copier{ResponseWriter: c.Writer}
	c.Writer = w
	kept := false
	defer func() {
		if c.Writer = w.ResponseWriter; !kept {
			b.Drop(n)
		}
	}()
	do()
	if w.Status() < http.StatusInternalServerError && !w.over {
		a := Answer{Status: w.Status(), Header: http.Header{}, Body: w.body}
		for _, name := range answerHeaders {
			if v := w.Header().Values(name); len(v) > 0 {
				a.Header[name] = v
			}
		}
		b.End(n, a)
		kept = true
	}
	return false, nil
}

// copier copies an answer while it is written.
type copier struct {
	gin.ResponseWriter
	body []byte
	over bool
}

// Write implements io.Writer.
func (w *copier) Write(p []byte) (int, error) {
	if w.over = w.over || len(w.body)+len(p) > maxAnswer; !w.over {
		w.body = append(w.body, p...)
	}
	return w.ResponseWriter.Write(p)
}

// WriteString implements io.StringWriter.
func (w *copier) WriteString(s string) (int, error) { return w.Write([]byte(s)) }
