import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.Serializable;
import java.rmi.Remote;
import java.rmi.registry.LocateRegistry;
import java.rmi.registry.Registry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.mobicents.tools.sip.balancer.NodeRegisterRMIStub;
import org.mobicents.tools.sip.balancer.SIPNode;

/**
 * The heartbeat part of a SIP Servlets node, told by lines on its input what to do and when:
 * each is answered with one line, "ok ..." or "failed EXCEPTION: MESSAGE". A test so never waits
 * for time to pass. The argument is HOST:PORT of each balancer's registry, joined with ";".
 *
 *   node NAME=VALUE ...   one address it announces, besides those before; names that end in Port are integers
 *   forget                announces none
 *   set NAME=VALUE ...    properties of every address from now on
 *   ping                  one heartbeat to every balancer, each looked up anew
 *   every MILLISECONDS    heartbeats by a clock from now on; 0 ends that
 *   beats                 how many of these arrived and failed, and how the last failure looked
 *   remove                what a clean stop says
 *   switchover FROM TO
 *   hold, held, release   looks the balancer up and keeps it; a heartbeat through what is kept; keeps it no longer
 *   list, lookup NAME, bind NAME, rebind NAME, unbind NAME
 *   odd KIND              a heartbeat no node sends: date, self, deep, many, text, null
 *   quit                  a clean stop
 */
public class NodeClient {
    private static final String NAME = "SIPBalancer";

    private final String[] balancers;
    private final ArrayList<SIPNode> nodes = new ArrayList<>();
    private NodeRegisterRMIStub held;
    private Thread clock;
    private long arrived;
    private long failed;
    private String failure = "";

    private NodeClient(String balancers) {
        this.balancers = balancers.split(";");
    }

    public static void main(String[] args) throws Exception {
        NodeClient client = new NodeClient(args[0]);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null; ) {
            String answer;
            try {
                answer = ("ok " + client.obey(line.trim().split(" +"))).trim();
            } catch (Throwable e) {
                answer = "failed " + told(e);
            }
            System.out.println(answer.replace('\n', ' '));
            if (line.equals("quit")) {
                break;
            }
        }
        System.exit(0);
    }

    private static String told(Throwable e) {
        String all = e.toString();
        for (Throwable c = e.getCause(); c != null; c = c.getCause()) {
            all += " <- " + c;
        }
        return all;
    }

    private String obey(String[] words) throws Exception {
        switch (words[0]) {
            case "node":
                node(Arrays.copyOfRange(words, 1, words.length));
                return "";
            case "forget":
                change(new String[0], true);
                return "";
            case "set":
                change(Arrays.copyOfRange(words, 1, words.length), false);
                return "";
            case "ping":
                ping();
                return "";
            case "every":
                every(Long.parseLong(words[1]));
                return "";
            case "beats":
                return beats();
            case "remove":
                remove();
                return "";
            case "switchover":
                for (String b : balancers) {
                    balancer(b).switchover(words[1], words[2]);
                }
                return "";
            case "hold":
                held = balancer(balancers[0]);
                return held.getClass().getInterfaces()[0].getName();
            case "held":
                held.handlePing(nodes);
                return "";
            case "release":
                held = null;
                System.gc();
                return "";
            case "odd":
                held = balancer(balancers[0]);
                odd(words[1]);
                return "";
            case "quit":
                every(0);
                remove();
                return "";
            default:
                return registry(words);
        }
    }

    private String registry(String[] words) throws Exception {
        Registry registry = at(balancers[0]);
        switch (words[0]) {
            case "list":
                return String.join(" ", registry.list());
            case "lookup":
                return registry.lookup(words[1]).getClass().getInterfaces()[0].getName();
            case "bind":
                registry.bind(words[1], registry);
                return "";
            case "rebind":
                registry.rebind(words[1], registry);
                return "";
            case "unbind":
                registry.unbind(words[1]);
                return "";
            default:
                throw new IllegalArgumentException(words[0]);
        }
    }

    private static Registry at(String balancer) throws Exception {
        int colon = balancer.lastIndexOf(':');
        return LocateRegistry.getRegistry(balancer.substring(0, colon), Integer.parseInt(balancer.substring(colon + 1)));
    }

    private static NodeRegisterRMIStub balancer(String address) throws Exception {
        return (NodeRegisterRMIStub) at(address).lookup(NAME);
    }

    private synchronized void node(String[] words) {
        Map<String, String> said = new LinkedHashMap<>();
        for (String w : words) {
            said.put(w.substring(0, w.indexOf('=')), w.substring(w.indexOf('=') + 1));
        }
        SIPNode node = new SIPNode(said.remove("hostName"), said.remove("ip"));
        said.forEach((name, value) -> node.getProperties().put(name, typed(name, value)));
        nodes.add(node);
    }

    private static Serializable typed(String name, String value) {
        if (name.endsWith("Port")) {
            return Integer.valueOf(value);
        }
        return value;
    }

    private synchronized void change(String[] words, boolean forget) {
        if (forget) {
            nodes.clear();
        }
        for (String w : words) {
            String name = w.substring(0, w.indexOf('='));
            for (SIPNode n : nodes) {
                n.getProperties().put(name, typed(name, w.substring(w.indexOf('=') + 1)));
            }
        }
    }

    private synchronized void ping() throws Exception {
        for (String b : balancers) {
            balancer(b).handlePing(nodes);
        }
    }

    private void remove() throws Exception {
        for (String b : balancers) {
            balancer(b).forceRemoval(nodes);
        }
    }

    private void every(long interval) throws Exception {
        if (clock != null) {
            clock.interrupt();
            clock.join();
            clock = null;
        }
        if (interval == 0) {
            return;
        }
        clock = new Thread(() -> beat(interval));
        clock.setDaemon(true);
        clock.start();
    }

    private void beat(long interval) {
        while (true) {
            try {
                Thread.sleep(interval);
                try {
                    ping();
                    count(null);
                } catch (Exception e) {
                    count(told(e));
                }
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private synchronized void count(String problem) {
        if (problem == null) {
            arrived++;
        } else {
            failed++;
            failure = problem;
        }
    }

    private synchronized String beats() {
        return arrived + " " + failed + " " + failure;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private void odd(String kind) throws Exception {
        ArrayList list = new ArrayList();
        switch (kind) {
            case "date":
                list.addAll(nodes);
                list.add(new java.util.Date());
                break;
            case "self":
                list.add(list);
                break;
            case "deep":
                for (int i = 0; i < 500; i++) {
                    ArrayList outer = new ArrayList();
                    outer.add(list);
                    list = outer;
                }
                break;
            case "many":
                SIPNode loud = new SIPNode("loud", "127.0.0.9");
                for (int i = 0; i < 100000; i++) {
                    loud.getProperties().put("property" + i, "value" + i);
                }
                list.add(loud);
                break;
            case "text":
                SIPNode endless = new SIPNode("x".repeat(70000), "127.0.0.9");
                list.add(endless);
                break;
            case "null":
                held.handlePing(null);
                return;
            default:
                throw new IllegalArgumentException(kind);
        }
        held.handlePing(list);
    }
}
