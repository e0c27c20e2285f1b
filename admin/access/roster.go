package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Why the users stay as they are.
var (
	ErrTaken     = errors.New("there is a user already") // of this name, or any where the first one is made
	ErrNoUser    = errors.New("there is no such user")
	ErrLastAdmin = errors.New("there would be no admin")
	ErrManyUsers = errors.New("there are too many users")
)

// maxUsers bounds the users file.
const maxUsers = 1000

// AddFirst makes the first user; ErrTaken when there is one.
func (u *Users) AddFirst(x User) error {
	return u.change(func(list []User) ([]User, error) {
		if len(list) > 0 {
			return nil, ErrTaken
		}
		return []User{x}, nil
	})
}

// Add makes a user. The first one has to be an admin (ErrLastAdmin).
func (u *Users) Add(x User) error {
	return u.change(func(list []User) ([]User, error) {
		switch {
		case named(list, x.Name) >= 0:
			return nil, ErrTaken
		case len(list) >= maxUsers:
			return nil, ErrManyUsers
		}
		return append(list, x), nil
	})
}

// Set gives the user of a name another role, unless RoleNone, and another hash,
// unless "". It returns the user as it is then.
func (u *Users) Set(name string, role Role, hash string) (User, error) {
	after := User{}
	err := u.change(func(list []User) ([]User, error) {
		i := named(list, name)
		if i < 0 {
			return nil, ErrNoUser
		}
		if role != RoleNone {
			list[i].Role = role
		}
		if hash != "" {
			list[i].Hash = hash
		}
		after = list[i]
		return list, nil
	})
	return after, err
}

// Remove takes a user away, but never the last admin.
func (u *Users) Remove(name string) error {
	return u.change(func(list []User) ([]User, error) {
		i := named(list, name)
		if i < 0 {
			return nil, ErrNoUser
		}
		return slices.Delete(list, i, i+1), nil
	})
}

// List returns all users, in the order in which they were made.
func (u *Users) List() []User {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.list)
}

func named(list []User, name string) int {
	return slices.IndexFunc(list, func(x User) bool { return x.Name == name })
}

// change replaces the users by what to makes of a copy of them, once the file
// is written. Without an admin among them nothing changes.
func (u *Users) change(to func([]User) ([]User, error)) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	list, err := to(slices.Clone(u.list))
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(x User) bool { return x.Role == RoleAdmin }) {
		return ErrLastAdmin
	}
	if u.path != "" {
		data, err := json.MarshalIndent(usersFile{1, list}, "", "  ")
		if err != nil {
			return fmt.Errorf("writing the users file: %w", err)
		}
		if err := WritePrivate(u.path, append(data, '\n')); err != nil {
			return err
		}
	}
	u.list = list
	return nil
}
