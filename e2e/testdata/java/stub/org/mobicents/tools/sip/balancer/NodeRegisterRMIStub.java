package org.mobicents.tools.sip.balancer;

import java.rmi.Remote;
import java.rmi.RemoteException;
import java.util.ArrayList;

/** What a balancer offers to nodes. Names and parameters make the hashes by which methods are called. */
public interface NodeRegisterRMIStub extends Remote {
    void handlePing(ArrayList<SIPNode> nodes) throws RemoteException;

    void forceRemoval(ArrayList<SIPNode> nodes) throws RemoteException;

    void switchover(String fromJvmRoute, String toJvmRoute) throws RemoteException;
}
