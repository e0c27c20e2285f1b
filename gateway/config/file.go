package config

import (
	"fmt"
	"io"
	"os"

	"twinhop/gateway/config/decode"
)

// ReadFile reads a configuration file, at most decode.MaxBytes of it and one more,
// so that Parse can tell that it is too long.
func ReadFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fmt.Errorf("configuration: %s is a directory", name)
	}
	text, err := io.ReadAll(io.LimitReader(f, decode.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return text, nil
}
