package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"huawu/shared/flow"
	"huawu/shared/flow/bind"
	"huawu/shared/flow/interp"
	"huawu/shared/flow/legacy"
)

// errFound ends a flow command that has printed what is wrong.
var errFound = errors.New("errors found")

// flowFlags is flags with what the command is for and an example.
func flowFlags(words, args, about, example string) *flag.FlagSet {
	return explained("flow "+words, args, about, example)
}

// explained are the flags of a command that says what it is for, with an example.
func explained(words, args, about, example string) *flag.FlagSet {
	f := flags(words, args)
	f.Usage = func() {
		fmt.Fprintf(f.Output(), "huawu %s: %s\n\nusage: huawu %s %s\n", words, about, words, args)
		f.PrintDefaults()
		fmt.Fprintf(f.Output(), "\nexample:\n  %s\n", strings.ReplaceAll(example, "\n", "\n  "))
	}
	return f
}

// parseMixed reads flags before, between and after the other arguments, of
// which there have to be so many; most < 0 is any number.
func parseMixed(f *flag.FlagSet, args []string, least, most int) ([]string, error) {
	var rest []string
	for {
		if err := f.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, errUsage
		}
		if f.NArg() == 0 {
			break
		}
		rest, args = append(rest, f.Arg(0)), f.Args()[1:]
	}
	if len(rest) < least || most >= 0 && len(rest) > most {
		return nil, wrongUsage(f, "%d arguments are too %s", len(rest), map[bool]string{true: "few", false: "many"}[len(rest) < least])
	}
	return rest, nil
}

// wrongUsage says what was wrong with a call.
func wrongUsage(f *flag.FlagSet, format string, args ...any) error {
	fmt.Fprintf(f.Output(), "%s: %s\n", f.Name(), fmt.Sprintf(format, args...))
	f.Usage()
	return errUsage
}

// oneOf refuses a flag's value that is none of a list.
func oneOf(f *flag.FlagSet, name, value string, list ...string) error {
	if slices.Contains(list, value) {
		return nil
	}
	return wrongUsage(f, "-%s %q: want one of %s", name, value, strings.Join(list, ", "))
}

// document is a flow on disk.
type document struct {
	path string
	id   string // the file's name without its endings: what other flows call it
	data []byte
}

// readDocuments reads files and, of folders and what is below them, every file
// that looks like a flow. "-" is the standard input.
func readDocuments(args []string) ([]document, error) {
	var list []document
	for _, arg := range args {
		if arg == "-" {
			data, err := io.ReadAll(io.LimitReader(os.Stdin, flow.MaxBytes+1))
			if err != nil {
				return nil, err
			}
			list = append(list, document{"-", "", data})
			continue
		}
		info, err := os.Stat(arg)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			d, err := readDocument(arg)
			if err != nil {
				return nil, err
			}
			list = append(list, d)
			continue
		}
		below, err := readFolder(arg)
		if err != nil {
			return nil, err
		}
		if len(below) == 0 {
			return nil, fmt.Errorf("%s: no flows in this folder", arg)
		}
		list = append(list, below...)
	}
	return list, nil
}

// readDocument reads one file, at most a byte more than a flow may have.
func readDocument(path string) (document, error) {
	file, err := os.Open(path)
	if err != nil {
		return document{}, err
	}
	defer func() { _ = file.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(file, flow.MaxBytes+1))
	return document{path, flowID(path), data}, err
}

// flowID is the id of a flow by its file: hotline.json and hotline.json.tftpl are hotline.
func flowID(path string) string {
	return strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".tftpl"), ".json")
}

func readFolder(root string) ([]document, error) {
	var list []document
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(strings.TrimSuffix(path, ".tftpl"), ".json"):
			return nil
		}
		doc, err := readDocument(path)
		if err != nil {
			return err
		}
		if looksLikeFlow(doc.data) {
			list = append(list, doc)
		}
		return nil
	})
	return list, err
}

// looksLikeFlow tells flows from the other JSON of a project, broken ones too.
func looksLikeFlow(data []byte) bool {
	return bytes.Contains(data, []byte("StartAction")) || bytes.Contains(data, []byte(`"modules"`)) && bytes.Contains(data, []byte(`"branches"`))
}

// parseDocument reads a flow; one of the older format is converted.
func parseDocument(d document) (*flow.Flow, error) {
	f, err := flow.Parse(d.data)
	if errors.Is(err, flow.ErrLegacy) {
		f, err = legacy.Convert(d.data)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.path, err)
	}
	return f, nil
}

// compileDocument makes a flow ready to run.
func compileDocument(d document) (*interp.Program, error) {
	f, err := parseDocument(d)
	if err != nil {
		return nil, err
	}
	p, err := interp.Compile(d.id, f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.path, err)
	}
	return p, nil
}

// readMap reads a map of names; "" is none.
func readMap(path string) (bind.Map, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := bind.ReadMap(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, data []byte) error {
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".huawu-*")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Chmod(mode), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(file.Name()))
	}
	return err
}

// printJSON writes a value for machines.
func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// colours paint text on a terminal and leave it alone elsewhere.
type colours bool

// coloursFor asks whether out is a terminal that wants colours.
func coloursFor(out io.Writer) colours {
	file, ok := out.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return colours(err == nil && info.Mode()&os.ModeCharDevice != 0)
}

func (c colours) paint(code, text string) string {
	if !c {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (c colours) red(text string) string    { return c.paint("1;31", text) }
func (c colours) yellow(text string) string { return c.paint("33", text) }
func (c colours) green(text string) string  { return c.paint("32", text) }
func (c colours) faint(text string) string  { return c.paint("2", text) }

// plain drops what a terminal would obey: a flow comes from others.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '�'
		}
		return r
	}, text)
}

// many says a number with its noun.
func many(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
