package ask

import "fmt"

// The exit codes of the program.
const (
	OK          = 0
	Failed      = 1
	UsageWrong  = 2
	BadConfig   = 3
	NotFound    = 4
	NotAllowed  = 5
	Timeout     = 6
	Interrupted = 130
)

// Exit is an error with the code that the process ends with. One without Err
// was told already.
type Exit struct {
	Code int
	Err  error
}

// Error implements error.
func (e Exit) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit %d", e.Code)
	}
	return e.Err.Error()
}

// Unwrap lets errors.Is and errors.As see Err.
func (e Exit) Unwrap() error { return e.Err }

// End returns err with the code that the process ends with.
func End(code int, err error) error { return Exit{code, err} }

// Usage complains of a command line; the words are those of fmt.Errorf.
func Usage(format string, args ...any) error { return Exit{UsageWrong, fmt.Errorf(format, args...)} }
