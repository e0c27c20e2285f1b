package e2e

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"twinhop/e2e/jvm"
)

func TestMain(m *testing.M) {
	if words := os.Getenv(nodeVariable); words != "" {
		fmt.Fprintln(os.Stderr, runNode(words))
		os.Exit(1)
	}
	flag.Parse()
	if testing.Short() {
		fmt.Println("e2e: every scenario starts real programs; none runs with -short")
		return
	}
	code := m.Run()
	endTomcats()
	removeBinaries()
	jvm.Remove()
	os.Exit(code)
}

// soak lengthens the load scenarios to their full size.
var soak = os.Getenv("TWINHOP_SOAK") != ""
