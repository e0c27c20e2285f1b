package admin

import (
	"net/http"
	"net/netip"

	"github.com/gin-gonic/gin"

	"twinhop/admin/limits"
	"twinhop/admin/nodes"
	"twinhop/admin/problem"
	"twinhop/admin/stamp"
)

// limitsView is what a page shows; without SIP there is nothing in it.
type limitsView struct {
	At  *stamp.Time  `json:"at"`
	SIP *limits.Page `json:"sip,omitempty"`
}

func (s *Server) getLimits(*gin.Context) (any, error) {
	v := limitsView{At: stamp.Of(s.now())}
	if s.Panel.Limits != nil {
		v.SIP = s.Panel.Limits().Page(nodes.Clean)
	}
	return v, nil
}

// deleteBan lets a source in again: an address, or for IPv6 any address of the network that is banned.
func (s *Server) deleteBan(c *gin.Context) (any, error) {
	ip, err := netip.ParseAddr(c.Param("ip"))
	switch {
	case err != nil || ip.Zone() != "":
		return nil, problem.New(http.StatusUnprocessableEntity, "validation", "The last part of the path is an IP address, without a port.")
	case s.Panel.Unban == nil:
		return nil, problem.New(http.StatusNotFound, "not-found", "There is no SIP listener.")
	case !s.Panel.Unban(ip.Unmap()):
		return nil, problem.New(http.StatusNotFound, "not-found", "This source is not banned.")
	}
	who := actor(c)
	s.log.Info("ban lifted", "source", ip, "user", who.Name, "via", who.Via)
	return nil, nil
}
