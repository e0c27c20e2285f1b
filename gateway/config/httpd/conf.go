package httpd

import (
	"io/fs"
)

// Source is a file that was read already.
type Source struct {
	Name string
	Text []byte
}

// Place is where something stands. Line and Col count from 1, columns in bytes.
type Place struct {
	File      string
	Line, Col int
}

// Directive is a line that somebody asked for.
type Directive struct {
	Place
	Name     string // as it was written: case does not matter to httpd
	Args     []string
	Host     *Host
	Location string // path of the <Location> around; "": none
	Within   string // another section around that says where the line counts, such as <Directory>; "": none
	// Off is the section around that keeps the line from being in force, such as "<IfDefine SSL>"; "": it is in force.
	Off string
	// Depends is the section around that only a request decides about, such as <If>; "": none.
	Depends string
	// Unset is a variable of the line that nobody sets; httpd leaves it as it stands.
	Unset string
}

// Host is a virtual host, or the main server.
type Host struct {
	Name    string // ServerName, else the address of its section
	Aliases []string
}

// Problem is something that httpd would not accept either, or that is not read here.
type Problem struct {
	Place
	Directive, Note, Hint string
}

// Conf is what the files say.
type Conf struct {
	Hosts      []*Host // the main server first
	Directives []Directive
	Included   []Directive // Include and IncludeOptional that were followed
	Problems   []Problem
	Root       string   // ServerRoot
	Files      []string // all that were read, in that order
}

// MainServer is the name of the host that stands outside of every virtual host.
const MainServer = "main server"

// Reader reads configuration files. Its zero value reads no included files and knows no variables.
type Reader struct {
	Files   fs.FS                                 // the root of the file system, for included files; nil: none is read
	Root    string                                // ServerRoot until a line says another one
	Defined map[string]string                     // as by "httpd -D"
	Lookup  func(string) (string, bool)           // variables of the environment
	Modules []string                              // taken for loaded, by identifier or by file: "jk_module", "mod_jk.c"
	Wants   func(name string, args []string) bool // which directives to return
	Show    func(name string) string              // how an included file is called in a Place; nil: by its absolute name
}

// The bounds of what is read.
const (
	MaxBytes    = 1 << 20  // of a file
	maxTotal    = 16 << 20 // of all
	maxFiles    = 1000
	maxDepth    = 32 // of files that include each other, and of directories
	maxLooked   = 20_000
	maxSections = 64
	maxLogical  = 64 << 10 // of a line with its continuations and its variables
	maxLines    = 20_000   // that are returned
	maxHosts    = 5000
)
