package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	folderMode = 0o700
	// lockName is the file that is locked. It also marks a folder as ours.
	lockName = "LOCK"
)

// prepareFolder makes the folder, or makes sure that only its owner may enter
// the one that is there. A folder that others may enter and that holds files
// which are not ours is refused: it was likely named by mistake, and is not
// ours to close to others.
func prepareFolder(dir string) error {
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("looking at the data folder: %w", err)
	}
	mode := info.Mode().Perm()
	if mode&0o077 == 0 {
		return nil
	}
	ours, err := isOurs(dir)
	if err != nil {
		return err
	}
	if !ours {
		return fmt.Errorf("data folder %s has mode %04o and holds files that are not snykstream's: name a folder of its own, or close it to others with chmod 700", dir, mode)
	}
	if err := os.Chmod(dir, folderMode); err != nil {
		return fmt.Errorf("data folder %s has mode %04o, so others may read it, and it cannot be closed to them: %w", dir, mode, err)
	}
	return nil
}

// isOurs says whether the folder is empty or was used before.
func isOurs(dir string) (bool, error) {
	_, err := os.Lstat(filepath.Join(dir, lockName))
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("looking at the data folder: %w", err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return false, fmt.Errorf("looking at the data folder: %w", err)
	}
	for _, file := range files {
		// A fresh volume has this one.
		if file.Name() != "lost+found" {
			return false, nil
		}
	}
	return true, nil
}
