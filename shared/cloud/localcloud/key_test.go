package localcloud_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
)

func TestKeysOutliveARestartAndAreNobodyElses(t *testing.T) {
	dir := t.TempDir()
	o := localcloud.Options{Dir: dir}
	c, err := localcloud.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	with := cloud.Context{"tenant": "t"}
	plain, wrapped, err := c.Keys().DataKey(t.Context(), with)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := c.Keys().Sign(t.Context(), []byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = openCloud(t, o)
	if got, err := c.Keys().Unwrap(t.Context(), wrapped, with); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("after the restart: %v", err)
	}
	if err := c.Keys().Verify(t.Context(), []byte("m"), sig); err != nil {
		t.Errorf("after the restart: %v", err)
	}
	other := openCloud(t, localcloud.Options{Dir: t.TempDir()})
	if _, err := other.Keys().Unwrap(t.Context(), wrapped, with); fault.KindOf(err) != fault.Invalid {
		t.Errorf("another cloud unwraps: %v", err)
	}
	if err := other.Keys().Verify(t.Context(), []byte("m"), sig); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("another cloud verifies: %v", err)
	}
}

func TestTheKeyFileIsItsOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "master.key")
	c, err := localcloud.Open(localcloud.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, filepath.Join(dir, "cloud.db")} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", name, info.Mode(), err)
		}
	}
	tests := []struct {
		name   string
		change func() error
		want   fault.Kind
		says   string
	}{
		{"others may read it", func() error { return os.Chmod(path, 0o644) }, fault.Forbidden, "chmod 600"},
		{"it is damaged", func() error { return os.WriteFile(path, []byte("nonsense"), 0o600) }, fault.Invalid, "damaged"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.change(); err != nil {
				t.Fatal(err)
			}
			_, err := localcloud.Open(localcloud.Options{Dir: dir})
			if fault.KindOf(err) != tt.want || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("open: %v", err)
			}
			if err := os.Chmod(path, 0o600); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestAFolderThatIsInUseIsToldSo(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for the lock")
	}
	dir := t.TempDir()
	openCloud(t, localcloud.Options{Dir: dir})
	_, err := localcloud.Open(localcloud.Options{Dir: dir})
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "another process") {
		t.Errorf("open: %v", err)
	}
}
