// Certificates of this run, by an authority of its own.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An authority and a certificate of `localhost`, as PEM. */
export function papers() {
  const folder = mkdtempSync(join(tmpdir(), "nagaya-papers-"));
  const at = (name) => join(folder, name);
  const openssl = (...words) => execFileSync("openssl", words, { stdio: ["ignore", "ignore", "pipe"] });
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  writeFileSync(at("leaf.ext"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n");
  openssl("req", "-x509", ...curve, "-days", "2", "-subj", "/CN=Journey authority", "-keyout", at("ca.key"), "-out", at("ca.pem"));
  openssl("req", "-new", ...curve, "-subj", "/CN=localhost", "-keyout", at("leaf.key"), "-out", at("leaf.csr"));
  openssl("x509", "-req", "-in", at("leaf.csr"), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", at("leaf.ext"), "-out", at("leaf.pem"));
  const [authority, cert, key] = ["ca.pem", "leaf.pem", "leaf.key"].map((name) => readFileSync(at(name), "utf8"));
  rmSync(folder, { recursive: true });
  return { authority, cert, key };
}
