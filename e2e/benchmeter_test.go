package e2e

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// family lists a process and everything below it.
func family(pid int) []int {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", all[i]))
		for _, f := range files {
			text, _ := os.ReadFile(f)
			for word := range strings.FieldsSeq(string(text)) {
				if child, err := strconv.Atoi(word); err == nil {
					all = append(all, child)
				}
			}
		}
	}
	return all
}

// cpu is the processor time that a process and everything below it has used, user and system,
// in the scheduler's nanoseconds: clock ticks are too coarse for runs of a few seconds.
func cpu(pid int) time.Duration {
	var sum time.Duration
	for _, p := range family(pid) {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p))
		for _, f := range files {
			text, _ := os.ReadFile(f)
			first, _, _ := strings.Cut(string(text), " ")
			ns, _ := strconv.ParseInt(first, 10, 64)
			sum += time.Duration(ns)
		}
	}
	return sum
}

// memory is what a process and everything below it occupies, in bytes; pages shared among them
// count once.
func memory(pid int) int64 {
	var sum int64
	for _, p := range family(pid) {
		f, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", p))
		if err != nil {
			continue
		}
		for in := bufio.NewScanner(f); in.Scan(); {
			if value, ok := strings.CutPrefix(in.Text(), "Pss:"); ok {
				kib, _ := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
				sum += kib << 10
			}
		}
		f.Close()
	}
	return sum
}

// dropped counts the datagrams that found the receive buffer of a port full.
func dropped(port int) int {
	text, _ := os.ReadFile("/proc/net/udp")
	sum := 0
	for row := range strings.Lines(string(text)) {
		c := strings.Fields(row)
		if len(c) < 13 || !strings.HasSuffix(c[1], fmt.Sprintf(":%04X", port)) {
			continue
		}
		n, _ := strconv.Atoi(c[12])
		sum += n
	}
	return sum
}

func median[T int | int64 | float64 | time.Duration](all []T) T {
	if len(all) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(all))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

func percentile(all []time.Duration, p float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(all))
	return s[min(len(s)-1, int(float64(len(s))*p/100))]
}

// machine says in one line where figures come from.
func machine() string {
	cpus, model := 0, "unknown processor"
	info, _ := os.ReadFile("/proc/cpuinfo")
	for row := range strings.Lines(string(info)) {
		if name, ok := strings.CutPrefix(row, "model name"); ok {
			cpus++
			model = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(name), ":"))
		}
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	load, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%d x %s, Linux %s, load %s", cpus, model, strings.TrimSpace(string(kernel)), first)
}
