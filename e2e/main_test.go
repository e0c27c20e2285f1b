package e2e

import (
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	code := m.Run()
	endTomcats()
	removeBinaries()
	os.Exit(code)
}

// soak lengthens the load scenarios to their full size.
var soak = os.Getenv("TWINHOP_SOAK") != ""
