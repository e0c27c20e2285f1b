export { C, UA, URI, WebSocketInterface, debug, name, version } from "jssip";
