package main

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// usage is what this process holds, in bytes.
type usage struct {
	// inUse are the spans of heap and stacks that are in use.
	inUse int64
	// resident is what the system keeps in memory for it, 0 where it does not tell.
	resident   int64
	goroutines int
}

// settled is what is held once nothing is left to collect.
func settled() usage {
	// Over and over: what one collection has a finalizer put into a pool, the next but
	// one takes.
	for range 6 {
		runtime.GC()
		runtime.Gosched()
	}
	debug.FreeOSMemory()
	return usage{inUse: inUse(), resident: kilobytes("VmRSS"), goroutines: runtime.NumGoroutine()}
}

func inUse() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse) //nolint:gosec // no process has more
}

// kilobytes is a field of the process's status in bytes, 0 where there is none.
func kilobytes(field string) int64 {
	kib, _ := strconv.ParseInt(strings.TrimSuffix(procField("/proc/self/status", field), " kB"), 10, 64)
	return kib << 10
}

// peak is the most that the process has in use until ctx ends.
func peak(ctx context.Context) int64 {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	most := inUse()
	for {
		select {
		case <-ticker.C:
			most = max(most, inUse())
		case <-ctx.Done():
			return most
		}
	}
}

// eventually waits until something holds. It is no measurement.
func eventually(ctx context.Context, every time.Duration, holds func() (bool, error)) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if ok, err := holds(); ok || err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// canceled says that a call ended because its caller wanted no more.
func canceled(err error) bool {
	return errors.Is(err, context.Canceled) || status.Code(err) == codes.Canceled
}
