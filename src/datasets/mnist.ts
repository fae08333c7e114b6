/** MNIST (LeCun, Cortes and Burges). Its digests are of files whose MD5s are the published ones. */

import { mnistFiles, type PublishedFiles } from "./published.ts";

export const MNIST: PublishedFiles = {
  name: "mnist",
  label: "MNIST",
  shape: [28, 28],
  classes: 10,
  environment: "MNIST_LOCATION",
  files: mnistFiles([
    "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
  ]),
  mirrors: [
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
  ],
};
