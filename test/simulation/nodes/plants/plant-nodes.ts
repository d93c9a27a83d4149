/** Preloaded by the process of one planted bug: changes one file of the source as it is loaded. */
import { registerHooks } from 'node:module';
import { NODE_PLANTS } from './node-plants.ts';

const plant = NODE_PLANTS.find(({ bug }) => bug === process.env['SKEIN_TEST_PLANT']);

if (plant !== undefined) {
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      if (!url.endsWith(plant.file)) return loaded;
      const parts = String(loaded.source).split(plant.find);
      if (parts.length !== 2) throw new Error(`${plant.find} stands ${parts.length - 1} times`);
      return { ...loaded, source: parts.join(plant.replace) };
    },
  });
}
