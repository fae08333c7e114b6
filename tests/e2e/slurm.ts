/** The real Slurm for tests: all of it on this machine, in a folder, for a while. */

/** What it needs; Debian's packages hold no more than these. */
export const SLURM_PACKAGES = ["slurmctld", "slurmd", "slurm-client", "munge"];
const PROGRAMS = ["/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/sbin/munged", "/usr/bin/sbatch"];

/** Whether Slurm is installed. */
export function hasSlurm(): boolean {
  return PROGRAMS.every((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  });
}

/** A Slurm that runs. */
export interface Slurm {
  /** With this its commands find it. */
  env: { SLURM_CONF: string };
  /** Runs a shell command with it; returns what that prints. */
  sh(command: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts Slurm with nodes n1, n2, … of one core in an empty folder. */
export async function startSlurm(folder: string, nodes: number): Promise<Slurm> {
  if (!hasSlurm()) {
    throw new Error(`the tests need Slurm: apt-get install -y ${SLURM_PACKAGES.join(" ")}`);
  }
  const env = { SLURM_CONF: `${folder}/slurm.conf` };
  const sh = async (command: string) => {
    const { success, stdout, stderr } = await new Deno.Command("/usr/bin/env", {
      args: ["sh", "-c", command],
      // slurmd looks for the processor in /sys, which containers may lack: tell it of one core.
      env: { ...env, HWLOC_SYNTHETIC: "core:1 pu:1" },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    if (!success) throw new Error(`${command}: ${text(stderr)}`);
    return text(stdout);
  };
  const host = await sh("hostname -s");
  // Another Slurm may run here.
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const names = Array.from({ length: nodes }, (_, i) => `n${i + 1}`);
  const conf = `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=${Deno.uid()}
SlurmdUser=${Deno.uid()}
SlurmctldPort=${port}
AuthType=auth/munge
AuthInfo=socket=${folder}/munge.socket,cred_expire=10
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/%n.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
MpiDefault=none
${
    names.map((name, i) =>
      `NodeName=${name} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${port + 1 + i} CPUs=1\n`
    ).join("")
  }PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
  await Deno.writeTextFile(env.SLURM_CONF, conf);
  // Containers may have no cgroups either: version 1 is looked at only by what uses it.
  await Deno.writeTextFile(`${folder}/cgroup.conf`, "CgroupPlugin=cgroup/v1\n");
  await Deno.mkdir(`${folder}/state`);
  for (const name of names) await Deno.mkdir(`${folder}/${name}`);
  const key = crypto.getRandomValues(new Uint8Array(1024));
  await Deno.writeFile(`${folder}/munge.key`, key, { mode: 0o600 });
  const files = ["key-file=munge.key", "socket=munge.socket", "pid-file=munged.pid"]
    .concat("log-file=munged.log", "seed-file=munge.seed")
    .map((file) => `--${file.replace("=", `=${folder}/`)}`);
  await sh(`/usr/sbin/munged --force ${files.join(" ")}`);
  await sh("/usr/sbin/slurmctld");
  for (const name of names) await sh(`/usr/sbin/slurmd -N ${name}`);
  return {
    env,
    sh,
    async stop() {
      const pids = ["slurmctld", ...names, "munged"].map((name) => `${folder}/${name}.pid`);
      await sh(`scancel --state=RUNNING,PENDING; kill $(cat ${pids.join(" ")})`);
    },
  };
}
