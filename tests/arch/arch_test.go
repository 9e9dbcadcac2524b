// Package arch checks how the house is laid out: which room may import which,
// what each room may touch, that exported names are explained, and that files
// and functions stay readable. The rules are those of CONTRIBUTING.md.
package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	module      = "huawu"
	fileLines   = 400
	funcLines   = 60
	testLines   = 900 // a story may be long, but not a book
	packageDocs = "package comment that says what it decides and what it leaves to others"
)

// file is one Go file of the module.
type file struct {
	path string // slash path below the root
	room string // its folder
	test bool
	ast  *ast.File
	fset *token.FileSet
}

func (f file) line(n ast.Node) string {
	return f.path + ":" + strconv.Itoa(f.fset.Position(n.Pos()).Line)
}

func (f file) imports() []string {
	var paths []string
	for _, spec := range f.ast.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, p)
	}
	return paths
}

func load(t *testing.T) []file {
	t.Helper()
	root := filepath.Join("..", "..")
	var files []file
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, name)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			base := d.Name()
			if rel != "." && (base == "node_modules" || base == "testdata" || base == "build" || base == "data" || strings.HasPrefix(base, ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		fset := token.NewFileSet()
		tree, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, file{path: rel, room: path.Dir(rel), test: strings.HasSuffix(rel, "_test.go"), ast: tree, fset: fset})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no Go files found: is the test run from its own folder?")
	}
	return files
}

// below reports whether a room or import path lies in one of the folders.
func below(p string, folders ...string) bool {
	p = strings.TrimPrefix(p, module+"/")
	for _, f := range folders {
		if p == f || strings.HasPrefix(p, f+"/") {
			return true
		}
	}
	return false
}

func TestImportsPointDown(t *testing.T) {
	for _, f := range load(t) {
		for _, imp := range f.imports() {
			for _, r := range importRules {
				if r.forbids(f, imp) {
					t.Errorf("%s imports %s: %s", f.path, imp, r.why)
				}
			}
		}
	}
}

func TestRoomsTouchOnlyWhatTheyMay(t *testing.T) {
	for _, f := range load(t) {
		if f.test {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			for _, r := range touchRules {
				if r.rooms(f) && r.found(n) {
					t.Errorf("%s: %s", f.line(n), r.why)
				}
			}
			return true
		})
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	documented := map[string]bool{}
	rooms := map[string]bool{}
	for _, f := range load(t) {
		if f.test {
			continue
		}
		rooms[f.room] = true
		documented[f.room] = documented[f.room] || f.ast.Doc != nil
		for _, d := range f.ast.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s: exported %s has no comment", f.line(d), name)
			}
		}
	}
	for room := range rooms {
		if !documented[room] {
			t.Errorf("%s has no %s", room, packageDocs)
		}
	}
}

// undocumented returns the exported names that a declaration leaves unexplained.
func undocumented(d ast.Decl) []string {
	var names []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
					names = append(names, s.Name.Name)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
						names = append(names, n.Name)
					}
				}
			}
		}
	}
	return names
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

func TestFilesAndFunctionsStayReadable(t *testing.T) {
	for _, f := range load(t) {
		if ast.IsGenerated(f.ast) {
			continue
		}
		most := fileLines
		if f.test {
			most = testLines
		}
		if n := f.fset.Position(f.ast.End()).Line; n > most {
			t.Errorf("%s has %d lines, at most %d: split it by what it decides", f.path, n, most)
		}
		for _, d := range f.ast.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil || f.test {
				continue
			}
			if n := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1; n > funcLines {
				t.Errorf("%s: %s has %d lines, at most %d", f.line(fn), fn.Name.Name, n, funcLines)
			}
		}
	}
}

func TestNoRoomIsCalledAfterNothing(t *testing.T) {
	for _, f := range load(t) {
		switch path.Base(f.room) {
		case "util", "utils", "common", "types", "models", "manager", "helper", "helpers":
			t.Errorf("%s: %q says nothing; name the room after what it decides", f.path, path.Base(f.room))
		}
	}
}

func TestNothingCommittedNamesThisMachine(t *testing.T) {
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile"} {
		raw, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, word := range []string{"/work/", "/root/", "/home/"} {
			if strings.Contains(string(raw), word) {
				t.Errorf("%s holds a path of one machine (%s)", name, word)
			}
		}
	}
}
