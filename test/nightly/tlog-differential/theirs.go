package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	origin      = "go.example/log"
	proofHeader = "c2sp.org/tlog-proof@v1"
	startMs     = 1760000000000
	// Of a large tree only some entries are proved.
	mostProofs = 50
)

// writeTheirs writes a log that x/mod made and signed with a fresh key. Its entries are bytes of any kind ("opaque"), or
// of the ledger's format ("leaves"), so that a verifier has nothing to object to.
func writeTheirs(path string, size int64, kind string, r *report) {
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	must(err)
	made := &tree{}
	for i := int64(0); i < size; i++ {
		if kind == "leaves" {
			made.add(leaf(i, vkey))
		} else {
			made.add(opaque(i))
		}
	}
	signer, err := note.NewSigner(skey)
	must(err)
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, made.root(size))
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	must(err)
	for _, tile := range tilesOf(size) {
		data, err := made.file(tile)
		must(err)
		write(filepath.Join(path, "log", filepath.FromSlash(pathOf(tile))), data)
	}
	write(filepath.Join(path, "log", "checkpoint"), signed)
	write(filepath.Join(path, "policy"), []byte("log "+vkey+"\nquorum none\n"))
	for step := 1 + size/mostProofs; size > 0; size -= step {
		if size < step {
			step = size
		}
		writeProof(path, size-1, made, signed)
	}
	r.Skey, r.Vkey = skey, vkey
}

func writeProof(path string, index int64, made *tree, signed []byte) {
	hashes, err := tlog.ProveRecord(made.size(), index, made)
	must(err)
	text := fmt.Sprintf("%s\nindex %d\n", proofHeader, index)
	for _, hash := range hashes {
		text += hash.String() + "\n"
	}
	name := filepath.Join(path, "proofs", fmt.Sprint(index))
	write(name+".tlog-proof", append([]byte(text+"\n"), signed...))
	write(name+".entry", made.entries[index])
}

// opaque is an entry that nobody can read: none at all, as long as any can be, and what lies between. Each only once.
func opaque(index int64) []byte {
	if index == 0 {
		return nil
	}
	length := 8 + index%600
	if index == 7 || index == 255 {
		length = 65535
	}
	entry := make([]byte, length)
	_, err := rand.Read(entry)
	must(err)
	return entry
}

// leaf is an entry of the ledger's format: the genesis, which names log and key, or an event.
func leaf(index int64, vkey string) []byte {
	members := map[string]interface{}{"source": "ak_go", "time": startMs + index, "v": 1}
	if index == 0 {
		members["type"], members["format"], members["origin"] = "genesis", "audit-leaf/1", origin
		members["vkeys"] = []string{vkey}
	} else {
		members["type"], members["meta"], members["payload"] = "event", commitment(), commitment()
	}
	// Sorted, as in RFC 8785, because it is a map.
	entry, err := json.Marshal(members)
	must(err)
	return entry
}

// commitment is that to an event that nobody knows.
func commitment() tlog.Hash {
	var hash tlog.Hash
	_, err := rand.Read(hash[:])
	must(err)
	return hash
}

func write(path string, data []byte) {
	must(os.MkdirAll(filepath.Dir(path), 0o755))
	must(os.WriteFile(path, data, 0o644))
}
