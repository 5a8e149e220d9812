// Audits a C2SP tlog-tiles log with golang.org/x/mod: its note, its tiles, its entries, inclusion
// and consistency proofs. Then flips one bit in every file: each such log must be refused.
//
// usage: audit BASE_URL VKEY
package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// files reads a log's files, each once; one of them may be forged.
type files struct {
	base   string
	cache  map[string][]byte
	order  []string
	forged string
}

func (f *files) read(path string) ([]byte, error) {
	data, known := f.cache[path]
	if !known {
		answer, err := http.Get(f.base + path)
		if err != nil {
			return nil, err
		}
		defer answer.Body.Close()
		if data, err = io.ReadAll(answer.Body); err != nil {
			return nil, err
		}
		if answer.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %s", path, answer.Status)
		}
		f.cache[path] = data
		f.order = append(f.order, path)
	}
	if path != f.forged {
		return data, nil
	}
	other := append([]byte(nil), data...)
	other[len(other)/3] ^= 4
	return other, nil
}

// path is a tile's in C2SP's layout: x/mod puts the height before the level.
func path(t tlog.Tile) string {
	return "tile/" + strings.TrimPrefix(t.Path(), "tile/8/")
}

func (f *files) Height() int                         { return 8 }
func (f *files) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (f *files) ReadTiles(ts []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range ts {
		data, err := f.read(path(t))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// head opens the checkpoint.
func (f *files) head(vkey string) (tlog.Tree, error) {
	var none tlog.Tree
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return none, err
	}
	data, err := f.read("checkpoint")
	if err != nil {
		return none, err
	}
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return none, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return none, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return none, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return none, errors.New("not a root")
	}
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}, nil
}

// audit checks everything that the log of its checkpoint's size serves.
func (f *files) audit(vkey string) (int64, error) {
	tree, err := f.head(vkey)
	if err != nil {
		return 0, err
	}
	hashes := tlog.TileHashReader(tree, f)
	for start := int64(0); start < tree.N; start += 256 {
		width := int(min(256, tree.N-start))
		name := path(tlog.Tile{H: 8, L: -1, N: start / 256, W: width})
		name = strings.Replace(name, "tile/data/", "tile/entries/", 1)
		bundle, err := f.read(name)
		if err != nil {
			return 0, err
		}
		for index := start; index < start+int64(width); index++ {
			if len(bundle) < 2 || len(bundle) < 2+int(bundle[0])<<8+int(bundle[1]) {
				return 0, fmt.Errorf("entry %d is cut off", index)
			}
			length := int(bundle[0])<<8 + int(bundle[1])
			entry := bundle[2 : 2+length]
			bundle = bundle[2+length:]
			proof, err := tlog.ProveRecord(tree.N, index, hashes)
			if err != nil {
				return 0, err
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
				return 0, fmt.Errorf("entry %d: %w", index, err)
			}
		}
		if len(bundle) > 0 {
			return 0, errors.New("a bundle is too long")
		}
	}
	for old := int64(1); old <= tree.N; old += 1 + old/8 {
		before, err := tlog.TreeHash(old, hashes)
		if err != nil {
			return 0, err
		}
		proof, err := tlog.ProveTree(tree.N, old, hashes)
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old, before); err != nil {
			return 0, fmt.Errorf("from %d: %w", old, err)
		}
	}
	return tree.N, nil
}

func main() {
	log.SetFlags(0)
	f := &files{base: os.Args[1], cache: map[string][]byte{}}
	size, err := f.audit(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	for _, f.forged = range f.order {
		if _, err := f.audit(os.Args[2]); err == nil {
			log.Fatalf("a log with a forged %s was accepted", f.forged)
		}
	}
	fmt.Printf("size %d, %d forgeries refused\n", size, len(f.order))
}
