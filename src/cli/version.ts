declare const CORDON_VERSION: string | undefined;

/** The version of the package that was built; the sources that are run without a build have none. */
export const cordonVersion: string = typeof CORDON_VERSION === "string" ? CORDON_VERSION : "development";
