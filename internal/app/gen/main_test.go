package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestTablesAreUpToDate(t *testing.T) {
	want, err := generate(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("..", "tables_gen.go"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("tables_gen.go is out of date: run go generate ./internal/app")
	}
}
