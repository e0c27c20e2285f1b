package org.mobicents.tools.sip.balancer;

import java.io.Serializable;
import java.util.HashMap;

/** One address of a node, with the fields that nodes of the 1.6 line send. */
public class SIPNode implements Serializable {
    private static final long serialVersionUID = -4959114432342926569L;

    private final String hostName;
    private final String ip;
    private final long timeStamp = System.currentTimeMillis();
    private final HashMap<String, Serializable> properties = new HashMap<>();

    public SIPNode(String hostName, String ip) {
        this.hostName = hostName;
        this.ip = ip;
    }

    public HashMap<String, Serializable> getProperties() {
        return properties;
    }
}
