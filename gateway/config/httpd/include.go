package httpd

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// absolute is a file name as httpd takes it: relative to ServerRoot.
func (r *reading) absolute(name string) string { return Absolute(r.Root, name) }

// Absolute is a file name of httpd.conf, relative to ServerRoot unless it begins with a slash.
func Absolute(root, name string) string {
	if !path.IsAbs(name) {
		name = path.Join("/", root, name)
	}
	return path.Clean(name)
}

// inFS is an absolute name as fs.FS has it.
func inFS(name string) string {
	if name = strings.TrimPrefix(name, "/"); name == "" {
		return "."
	}
	return name
}

// ReadFile reads a file by its absolute name, at most MaxBytes of it and one more, so that a longer one is noticed.
func ReadFile(files fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(files, inFS(name))
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular(): // a pipe would keep the reader waiting
		return nil, errors.New("not a regular file")
	}
	f, err := files.Open(inFS(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxBytes+1))
}

// include reads what an Include names: a file, what a pattern matches, or all that is below a directory.
func (r *reading) include(d Directive, must bool) {
	switch {
	case d.Unset != "" && must:
		r.problem(d.Place, d.Name, "there is no variable "+strconv.QuoteToASCII(d.Unset), "set it for this command: httpd's start script does, such as /etc/apache2/envvars")
		return
	case r.in.Files == nil:
		r.problem(d.Place, d.Name, "included files are not read here", "")
		return
	case len(r.stack) == maxDepth:
		r.stop(d.Place, d.Name, fmt.Sprintf("more than %d files include each other", maxDepth))
		return
	}
	name := r.absolute(d.Args[0])
	found := r.expand("/", strings.Split(strings.Trim(name, "/"), "/"))
	var files []string
	for _, f := range found {
		files = append(files, r.below(f, 0)...)
	}
	if r.looked > maxLooked {
		r.stop(d.Place, d.Name, fmt.Sprintf("more than %d names in the directories", maxLooked))
		return
	}
	if len(found) == 0 && must {
		r.problem(d.Place, d.Name, "there is no "+strconv.QuoteToASCII(name)+": httpd would not start either", "relative names begin at ServerRoot, "+r.Root)
		return
	}
	r.Included = append(r.Included, d)
	for _, f := range files {
		r.enter(f, d)
	}
}

// enter reads one included file.
func (r *reading) enter(name string, d Directive) {
	switch {
	case r.stopped:
		return
	case slices.Contains(r.stack, name):
		r.problem(d.Place, d.Name, strconv.QuoteToASCII(name)+" includes itself", "")
		return
	case len(r.Files) >= maxFiles:
		r.stop(d.Place, d.Name, fmt.Sprintf("more than %d files", maxFiles))
		return
	}
	text, err := ReadFile(r.in.Files, name)
	if err != nil {
		r.problem(d.Place, d.Name, strconv.QuoteToASCII(name)+" cannot be read: "+Cause(err), "")
		return
	}
	r.stack = append(r.stack, name)
	shown := name
	if r.in.Show != nil {
		shown = r.in.Show(name)
	}
	r.file(Source{shown, text})
	r.stack = r.stack[:len(r.stack)-1]
}

// Cause is an error of ReadFile without the name of the file.
func Cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return err.Error()
}

// expand finds what a pattern stands for, in the order of names. One that begins with a dot must be asked for.
func (r *reading) expand(at string, parts []string) []string {
	if len(parts) == 0 {
		if _, err := fs.Stat(r.in.Files, inFS(at)); err != nil {
			return nil
		}
		return []string{at}
	}
	if !strings.ContainsAny(parts[0], `*?[`) {
		return r.expand(path.Join(at, parts[0]), parts[1:])
	}
	var all []string
	for _, name := range r.names(at) {
		ok, _ := path.Match(parts[0], name)
		if ok && (name[0] != '.' || parts[0][0] == '.') {
			all = append(all, r.expand(path.Join(at, name), parts[1:])...)
		}
	}
	return all
}

// below is a file, or all files below a directory.
func (r *reading) below(name string, depth int) []string {
	info, err := fs.Stat(r.in.Files, inFS(name))
	if err != nil || !info.IsDir() || depth == maxDepth {
		return []string{name}
	}
	var all []string
	for _, n := range r.names(name) {
		all = append(all, r.below(path.Join(name, n), depth+1)...)
	}
	return all
}

// names are those in a directory, sorted.
func (r *reading) names(dir string) []string {
	if r.looked > maxLooked {
		return nil
	}
	entries, _ := fs.ReadDir(r.in.Files, inFS(dir))
	var all []string
	for _, e := range entries {
		r.looked++
		all = append(all, e.Name())
	}
	return all
}
