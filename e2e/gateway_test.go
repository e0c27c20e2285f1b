package e2e

func removeBinaries() {}
