/** Version 2 of Socket.IO's client, for servers of its time; only what is used of it. */
declare module 'socket.io-client-2' {
  interface Socket {
    connected: boolean;
    on(event: string, listener: (argument: unknown) => void): Socket;
    emit(event: string, argument: unknown): Socket;
    connect(): Socket;
    disconnect(): Socket;
  }
  export default function io(uri: string, options: object): Socket;
}
