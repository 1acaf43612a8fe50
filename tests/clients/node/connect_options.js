// How to connect: the server is the one in FAKTORY_URL; with TLS if CERTIFICATE names its certificate's file.
import { readFileSync } from "node:fs";

export function connectOptions() {
  const { CERTIFICATE } = process.env;
  return CERTIFICATE === undefined ? {} : { tlsOptions: { ca: readFileSync(CERTIFICATE) } };
}
