package org.mobicents.tools.sip.balancer;

import java.io.Serializable;
import java.util.HashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** One address of a node, with the fields that recent nodes send. */
public class SIPNode implements Serializable {
    private static final long serialVersionUID = -4959114432342926569L;

    private final String hostName;
    private final String ip;
    private final long timeStamp = System.currentTimeMillis();
    private final AtomicInteger failCounter = new AtomicInteger();
    private final AtomicInteger requestNumberWithoutResponse = new AtomicInteger();
    private final AtomicLong lastTimeResponse = new AtomicLong();
    private final AtomicLong lastTimeError = new AtomicLong();
    private final HashMap<String, Serializable> properties = new HashMap<>();

    public SIPNode(String hostName, String ip) {
        this.hostName = hostName;
        this.ip = ip;
    }

    public HashMap<String, Serializable> getProperties() {
        return properties;
    }
}
