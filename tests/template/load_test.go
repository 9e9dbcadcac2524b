// Package template checks template.yaml and infra/ for what a linter does not
// know: what must be encrypted, who may do what, what happens to an event that
// nobody can handle, and that the same template deploys in every partition.
// `make sam-check` does the linting.
package template

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// node is a parsed piece of a template: map[string]any, []any, string, bool, int.
// A short form such as !Ref x stands as map[string]any{"Ref": "x"}.
type node = any

// stack is one template file.
type stack struct {
	file      string
	doc       map[string]node
	resources map[string]map[string]node
}

// load reads the root template and all that it nests, by file name.
func load(t *testing.T) map[string]stack {
	t.Helper()
	files, err := filepath.Glob("../../infra/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	stacks := map[string]stack{}
	for _, f := range append(files, "../../template.yaml") {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parse(strings.TrimPrefix(filepath.ToSlash(f), "../../"), text)
		if err != nil {
			t.Fatal(err)
		}
		stacks[s.file] = s
	}
	return stacks
}

func parse(file string, text []byte) (stack, error) {
	var tree yaml.Node
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return stack{}, err
	}
	doc, _ := value(tree.Content[0]).(map[string]node)
	s := stack{file: file, doc: doc, resources: map[string]map[string]node{}}
	for name, r := range object(doc["Resources"]) {
		s.resources[name] = object(r)
	}
	return s, nil
}

// value turns short forms into long ones; aliases and merges are not used.
func value(n *yaml.Node) node {
	var v node
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]node{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = value(n.Content[i+1])
		}
		v = m
	case yaml.SequenceNode:
		list := []node{}
		for _, c := range n.Content {
			list = append(list, value(c))
		}
		v = list
	case yaml.ScalarNode:
		if strings.HasPrefix(n.Tag, "!!") {
			_ = n.Decode(&v) // a scalar always decodes
		} else {
			v = n.Value
		}
	}
	if tag, ok := strings.CutPrefix(n.Tag, "!"); ok && !strings.HasPrefix(tag, "!") {
		if tag != "Ref" && tag != "Condition" {
			tag = "Fn::" + tag
		}
		return map[string]node{tag: v}
	}
	return v
}

func object(n node) map[string]node { m, _ := n.(map[string]node); return m }
func list(n node) []node {
	if l, ok := n.([]node); ok {
		return l
	}
	if n == nil {
		return nil
	}
	return []node{n}
}
func text(n node) string { s, _ := n.(string); return s }
func number(n node) int  { i, _ := n.(int); return i }

// at follows names into maps.
func at(n node, path ...string) node {
	for _, p := range path {
		n = object(n)[p]
	}
	return n
}

// names returns the logical names of resources of a type.
func (s stack) names(types ...string) []string {
	var names []string
	for name, r := range s.resources {
		for _, t := range types {
			if r["Type"] == t {
				names = append(names, name)
			}
		}
	}
	return names
}

// refs reports whether n is a reference (Ref or GetAtt) to a resource of the
// same template.
func refs(n node, name string) bool {
	if text(at(n, "Ref")) == name {
		return true
	}
	return strings.HasPrefix(text(at(n, "Fn::GetAtt")), name+".")
}

// each calls fn for every scalar below n with its path.
func each(n node, path string, fn func(path, s string)) {
	switch n := n.(type) {
	case map[string]node:
		for k, c := range n {
			each(c, path+"."+k, fn)
		}
	case []node:
		for _, c := range n {
			each(c, path+"[]", fn)
		}
	case string:
		fn(path, n)
	}
}
