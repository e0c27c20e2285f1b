package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"twinhop/gateway/config"
)

// followed is a mapFile over a file system in memory, and what it did.
type followed struct {
	mapFile
	mu      sync.Mutex // of what the follower and the test both touch
	fs      fstest.MapFS
	reads   int
	broken  bool // nothing can be put into force
	applied []string
	said    bytes.Buffer
}

func newFollowed(text string) *followed {
	f := &followed{fs: fstest.MapFS{}}
	f.write(text)
	f.mapFile = mapFile{name: "map", every: time.Minute,
		stat: func(name string) (fs.FileInfo, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.fs.Stat(name)
		},
		read: func(name string) ([]byte, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.reads++
			return f.fs.ReadFile(name)
		},
		apply: func(text []byte) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.broken {
				return errors.Join(errLater, errors.New("no address"))
			}
			if strings.Contains(string(text), "bad") {
				return errors.New(strings.TrimSpace(string(text)))
			}
			f.applied = append(f.applied, string(text))
			return nil
		},
		log: slog.New(slog.NewTextHandler(&f.said, nil))}
	f.sum = sumOf(text)
	return f
}

func (f *followed) write(text string) {
	f.fs["map"] = &fstest.MapFile{Data: []byte(text), ModTime: time.Now()}
}

// done is write while somebody follows.
func (f *followed) done(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.write(text)
}

// lines are the messages and errors that were logged.
func (f *followed) lines() []string {
	all := []string{}
	for _, m := range regexp.MustCompile(`(?m)msg=(?:"([^"]*)"|(\S+)).*?(?: err=(.*))?$`).FindAllStringSubmatch(f.said.String(), -1) {
		all = append(all, strings.TrimSuffix(m[1]+m[2]+": "+strings.Trim(m[3], `"`), ": "))
	}
	f.said.Reset()
	return all
}

const stays = "the map cannot be used: the rules stay as they are: "

// The file is looked at once a minute and read when it is another one; what cannot be read leaves the rules alone, and is
// told once.
func TestMapFileIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollowed("one")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.run(ctx)
		}()
		time.Sleep(3 * time.Second) // looks come three seconds before what is done here
		for _, step := range []struct {
			what    string
			do      func()
			reads   int
			applied []string
			said    []string
		}{
			{"nothing happened", func() {}, 1, nil, []string{}},
			{"nothing happened since", func() {}, 0, nil, []string{}},
			{"another text", func() { f.write("two") }, 1, []string{"two"}, []string{}},
			{"the same text, written again", func() { f.write("two") }, 1, nil, []string{}},
			{"a bad one", func() { f.write("bad 1") }, 1, nil, []string{stays + "bad 1"}},
			{"it stays bad", func() {}, 1, nil, []string{}},
			{"another bad one", func() { f.write("bad 2") }, 1, nil, []string{stays + "bad 2"}},
			{"back to what it was", func() { f.write("two") }, 1, []string{"two"}, []string{}},
			{"empty", func() { f.write(" \n") }, 1, nil, []string{stays + "the file is empty"}},
			{"still empty", func() {}, 1, nil, []string{}},
			{"removed", func() { delete(f.fs, "map") }, 0, nil, []string{stays + "open map: file does not exist"}},
			{"still not there", func() {}, 0, nil, []string{}},
			{"there again", func() { f.write("two") }, 1, nil, []string{"the map is there again, as it was"}},
			{"a pipe", func() { f.fs["map"] = &fstest.MapFile{Mode: fs.ModeNamedPipe} }, 0, nil, []string{stays + "not a regular file"}},
			{"another one", func() { f.write("three") }, 1, []string{"three"}, []string{}},
			{"one that cannot be put into force", func() { f.write("four"); f.broken = true }, 1, nil, []string{stays + `the rules could not be put into force\nno address`}},
			{"it is tried again", func() { f.broken = false }, 1, []string{"four"}, []string{}},
			{"a large one", func() { f.write(strings.Repeat("x", 2<<20)) }, 1, nil, []string{stays + "the file is larger than 1048576 bytes"}},
		} {
			f.mu.Lock()
			f.reads, f.applied = 0, nil
			step.do()
			f.mu.Unlock()
			time.Sleep(time.Minute)
			synctest.Wait()
			if d := cmp.Diff(step.said, f.lines()); d != "" || f.reads != step.reads || !cmp.Equal(step.applied, f.applied) {
				t.Errorf("%s: read %d times, want %d; applied %q, want %q; said (-want +got)\n%s", step.what, f.reads, step.reads, f.applied, step.applied, d)
			}
		}
		cancel()
		<-done
	})
}

// A file is read when its writer is done, but not later than ten seconds after.
func TestMapFileIsReadWhenItIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFollowed("one")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.run(ctx)
		}()
		time.Sleep(time.Minute - 500*time.Millisecond)
		f.done("tw")
		time.Sleep(time.Second)
		f.done("two")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if !cmp.Equal(f.applied, []string{"two"}) {
			t.Errorf("applied %q", f.applied)
		}
		f.mu.Lock()
		f.applied = nil
		f.mu.Unlock()
		for range 80 {
			f.done("three")
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if !cmp.Equal(f.applied, []string{"three"}) {
			t.Errorf("applied %q", f.applied)
		}
		cancel()
		<-done
	})
}

// Who still follows the map of files that others took the place of puts nothing into force.
func TestMapOfReplacedFiles(t *testing.T) {
	r := &reloader{now: &loaded{}}
	if err := r.put(&loaded{})(t.Context(), config.Config{}); !errors.Is(err, errReplaced) {
		t.Errorf("put into force: %v", err)
	}
}
