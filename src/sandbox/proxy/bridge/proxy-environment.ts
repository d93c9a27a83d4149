/** The variables by which programs find a proxy: no two of them read the same ones. */

/** Where the bridge listens in a jail, on a loopback of its own. */
export const BRIDGE_PORT = 3128;

/** For curl, git, pip, Go, Deno (upper or lower case), Node from 24 on, npm, yarn and cargo. */
export function proxyEnvironment(port: number = BRIDGE_PORT): Readonly<Record<string, string>> {
  const proxy = `http://127.0.0.1:${port}`;
  const direct = 'localhost,127.0.0.1,::1';
  return {
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    ALL_PROXY: proxy,
    NO_PROXY: direct,
    http_proxy: proxy,
    https_proxy: proxy,
    all_proxy: proxy,
    no_proxy: direct,
    NODE_USE_ENV_PROXY: '1',
    npm_config_proxy: proxy,
    npm_config_https_proxy: proxy,
    npm_config_noproxy: direct,
    YARN_HTTP_PROXY: proxy,
    YARN_HTTPS_PROXY: proxy,
    CARGO_HTTP_PROXY: proxy,
  };
}
