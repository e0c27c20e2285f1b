package admin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"twinhop/admin/openapi"
)

// getDescriptionYAML is the API for programs (OpenAPI 3.1).
func (s *Server) getDescriptionYAML(c *gin.Context) (any, error) {
	c.Data(http.StatusOK, "application/yaml", openapi.YAML())
	return nil, nil
}

func (s *Server) getDescriptionJSON(c *gin.Context) (any, error) {
	text, err := openapi.JSON()
	if err != nil {
		return nil, err
	}
	c.Data(http.StatusOK, "application/json", text)
	return nil, nil
}
