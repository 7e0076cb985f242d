package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
)

// A tree is computed from entries alone, the way x/mod stores one.
type tree struct {
	entries [][]byte
	leaves  []tlog.Hash
	stored  []tlog.Hash
}

func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(t.stored)) {
			return nil, fmt.Errorf("the tree has no hash %d", x)
		}
		hashes[i] = t.stored[x]
	}
	return hashes, nil
}

func (t *tree) add(entry []byte) {
	hashes, err := tlog.StoredHashes(t.size(), entry, t)
	must(err)
	t.entries = append(t.entries, entry)
	t.leaves = append(t.leaves, tlog.RecordHash(entry))
	t.stored = append(t.stored, hashes...)
}

func (t *tree) size() int64 { return int64(len(t.entries)) }

func (t *tree) root(size int64) tlog.Hash {
	root, err := tlog.TreeHash(size, t)
	must(err)
	return root
}

// file returns what belongs into the file of a tile of hashes, or of a bundle of entries.
func (t *tree) file(tile tlog.Tile) ([]byte, error) {
	if tile.L >= 0 {
		return tlog.ReadTileData(tile, t)
	}
	first := tile.N * width
	if first+int64(tile.W) > t.size() {
		return nil, errors.New("the tree has fewer entries")
	}
	var bundle []byte
	for _, entry := range t.entries[first : first+int64(tile.W)] {
		bundle = append(binary.BigEndian.AppendUint16(bundle, uint16(len(entry))), entry...)
	}
	return bundle, nil
}

// tilesOf lists the tiles and bundles of a tree. tlog.NewTiles would list partial tiles of every width, and no bundles.
func tilesOf(size int64) []tlog.Tile {
	var tiles []tlog.Tile
	for level := -1; level < 0 || size>>uint(height*level) > 0; level++ {
		hashes := size
		if level > 0 {
			hashes = size >> uint(height*level)
		}
		for n := int64(0); n*width < hashes; n++ {
			w := hashes - n*width
			if w > width {
				w = width
			}
			tiles = append(tiles, tlog.Tile{H: height, L: level, N: n, W: int(w)})
		}
	}
	return tiles
}

// pathOf differs from tlog.Tile.Path: tlog-tiles leaves the height out, and calls entries what x/mod calls data.
func pathOf(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
	return "tile/" + strings.Replace(path, "data/", "entries/", 1)
}

func parsePath(path string) (tlog.Tile, error) {
	rest := strings.Replace(strings.TrimPrefix(path, "tile/"), "entries/", "data/", 1)
	return tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s", height, rest))
}

// A folder has a log as static files. It is a tlog.TileReader: x/mod's client reads its tiles, and believes none of them
// that the root does not authenticate.
type folder struct {
	path string
	// One tile can be given with a bit changed.
	spoilt tlog.Tile
	data   []byte
}

func (f *folder) Height() int { return height }

func (f *folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		if f.data != nil && tile == f.spoilt {
			data[i] = f.data
			continue
		}
		read, err := os.ReadFile(filepath.Join(f.path, filepath.FromSlash(pathOf(tile))))
		if err != nil {
			return nil, err
		}
		data[i] = read
	}
	return data, nil
}

func (f *folder) SaveTiles([]tlog.Tile, [][]byte) {}

// entries reads all bundles of a log of a size.
func (f *folder) entries(size int64) ([][]byte, error) {
	var entries [][]byte
	for n := int64(0); n*width < size; n++ {
		w := size - n*width
		if w > width {
			w = width
		}
		bundle, err := os.ReadFile(filepath.Join(f.path, filepath.FromSlash(pathOf(tlog.Tile{H: height, L: -1, N: n, W: int(w)}))))
		if err != nil {
			return nil, err
		}
		for ; w > 0; w-- {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("bundle %d ends too early", n)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			entries, bundle = append(entries, bundle[2:end]), bundle[end:]
		}
		if len(bundle) > 0 {
			return nil, fmt.Errorf("bundle %d has more entries than belong there", n)
		}
	}
	return entries, nil
}
