package admin

import "github.com/gin-gonic/gin"

func (s *Server) getLogLevel(*gin.Context) (any, error) {
	if s.Panel.LogLevel == nil {
		return nil, notHere()
	}
	return s.Panel.LogLevel.View(), nil
}

// putLogLevel changes how much is logged, for a time.
func (s *Server) putLogLevel(c *gin.Context) (any, error) {
	if s.Panel.LogLevel == nil {
		return nil, notHere()
	}
	answer, err := s.Panel.LogLevel.Put(c, actor(c).Name, dry(c))
	if err == nil && !dry(c) {
		who := actor(c)
		s.log.Warn("the log level was set", "level", s.Panel.LogLevel.Level().String(), "user", who.Name, "via", who.Via)
	}
	return answer, err
}
