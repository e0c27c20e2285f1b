package typed

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLine bounds what is read for a password, in bytes.
const maxLine = 4096

// Password reads a line, without its end. A terminal is asked on talk, and does
// not show what is typed.
func Password(in io.Reader, talk io.Writer) (string, error) {
	if f, ok := in.(*os.File); ok {
		if was, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err == nil {
			hidden := *was
			hidden.Lflag &^= unix.ECHO
			if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, &hidden); err != nil {
				return "", fmt.Errorf("hiding the password: %w", err)
			}
			fmt.Fprint(talk, "Password: ")
			defer fmt.Fprintln(talk)
			defer func() { _ = unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, was) }()
		}
	}
	text, err := bufio.NewReader(io.LimitReader(in, maxLine)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return strings.TrimRight(text, "\r\n"), nil
}
