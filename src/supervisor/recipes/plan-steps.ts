/**
 * Plays the steps of a recipe through without writing anything: searches bind files, rewrites are
 * composed into one edit a file, commands and checks are only filled in. What a command will do is not
 * known, so nothing that comes after it may look at its files.
 */
import { sha256 } from '#lib/sha256.ts';
import { SkeinError } from '#protocol/errors.ts';
import { readEditFile } from '#workspace/file-edit.ts';
import type { FileEdit, Occurrence } from '#workspace/language/language.ts';
import { changedLines } from './changed-lines.ts';
import { fillIn, forExpression, forShell, plainly } from '#workspace/recipe/placeholders.ts';
import type { RecipeStep } from '#workspace/recipe/recipe.ts';
import { compileGlob } from '#workspace/rewrite/glob.ts';
import { planRewrite } from '#workspace/rewrite/plan-rewrite.ts';
import { searchFiles } from '#workspace/rewrite/search-files.ts';
import type { PlanRequest } from '../recipe.ts';
