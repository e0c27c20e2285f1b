// Package versions tells which configurations were in force, shows how two of them differ, and takes another one.
//
// Knows: texts of configurations with who put them into force and why, what of them may be shown, lines.
// Must not know: how a configuration comes into force, what its keys mean, who may do what.
// Owns: Book, its file in the state directory, and which lines of two texts are the same.
// Entered by: admin; cmd puts into the Book what came into force.
package versions
