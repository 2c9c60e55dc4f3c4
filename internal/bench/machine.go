package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine is where the figures come from. What the system does not tell is empty.
type machine struct {
	CPU        string  `json:"cpu"`
	Cores      int     `json:"cores"`
	MemoryMiB  int     `json:"memory_mib"`
	System     string  `json:"system"`
	Go         string  `json:"go"`
	GOMAXPROCS int     `json:"gomaxprocs"`
	FsyncP50   float64 `json:"fsync_p50_ms"`
}

// inspect looks at the machine, and at the disk under dir.
func inspect(dir string) (machine, error) {
	kib, _ := strconv.Atoi(strings.TrimSuffix(procField("/proc/meminfo", "MemTotal"), " kB"))
	m := machine{
		CPU: procField("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), MemoryMiB: kib >> 10,
		System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), GOMAXPROCS: runtime.GOMAXPROCS(0),
	}
	var err error
	m.FsyncP50, err = fsyncMedian(dir)
	return m, err
}

func (m machine) String() string {
	cpu := m.CPU
	if cpu == "" {
		cpu = "unknown CPU"
	}
	return fmt.Sprintf("%s, %d cores, %d MiB, %s, %s, GOMAXPROCS %d, fsync of 4 KiB p50 %.2f ms",
		cpu, m.Cores, m.MemoryMiB, m.System, m.Go, m.GOMAXPROCS, m.FsyncP50)
}

// procField is the first value of a key in a file of /proc, empty where there is
// none.
func procField(file, key string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// fsyncMedian is how long a small write takes until it is on the disk, in
// milliseconds.
func fsyncMedian(dir string) (ms float64, err error) {
	file, err := os.Create(filepath.Join(dir, "fsync"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	block := make([]byte, 4<<10)
	var took []time.Duration
	for range 50 {
		d, err := writeSynced(file, block)
		if err != nil {
			return 0, err
		}
		took = append(took, d)
	}
	return median(inMillis(took)), nil
}

// writeSynced writes and waits until it is on the disk.
func writeSynced(file *os.File, data []byte) (time.Duration, error) {
	began := time.Now()
	if _, err := file.Write(data); err != nil {
		return 0, err
	}
	if err := file.Sync(); err != nil {
		return 0, err
	}
	return time.Since(began), nil
}
