package noted

import "net/http"

// Writer remembers the status that a handler answers with. What else the
// handler wants of the connection it finds by http.ResponseController.
type Writer struct {
	http.ResponseWriter
	Status int // until it answers, what is taken for its answer
}

// Unwrap is for http.ResponseController.
func (w *Writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *Writer) WriteHeader(status int) {
	w.Status = status
	w.ResponseWriter.WriteHeader(status)
}
