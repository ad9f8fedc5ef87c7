package duckdb

import (
	"context"
	"testing"

	"github.com/vedette-cti/vedette/internal/store"
	"github.com/vedette-cti/vedette/internal/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, dir string) store.Store {
		t.Helper()
		s, err := Open(context.Background(), dir, Options{})
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		return s
	})
}
