/** Projects, profiles, campaigns, the policy and the pause switch, tokens. */
import { z } from 'zod';
import * as requests from '../../../contract/requests.ts';
import * as shapes from '../../../contract/shapes.ts';
import type { Campaign, Profile, Project, Stamped, TokenInfo } from '../../../domain/config.ts';
import { type Refusal, isRefusal, refuse } from '../../../domain/refusal.ts';
import { createToken, revokeToken, secretOf } from '../../../services/access.ts';
import { changeDocument, changePolicy, createDocument } from '../../../services/configuration.ts';
import { notFound, readPolicy } from '../../../services/deps.ts';
import { setPause } from '../../../services/pausing.ts';
import {
  campaignView,
  iso,
  isoOrNull,
  policyView,
  profileView,
  projectView,
} from '../../../services/present.ts';
import { editProfile, editProject, registerProfile, registerProject } from '../../../services/projects.ts';
import { rateLimits } from '../../../services/rate-limits.ts';
import { cronProblem } from '../../../services/cron.ts';
import { listQuery, pageOf } from '../listing.ts';
import type { Answer, Api } from '../route.ts';

const listed = z.object(listQuery);
const idParam = z.object({ id: z.string().max(100) });

export function configurationRoutes(api: Api): void {
  const { deps } = api;
  const shown =
    <T extends Stamped>(view: (state: T) => unknown, status?: number) =>
    (state: T): Answer => ({
      body: view(state),
      version: state.version,
      ...(status === undefined ? {} : { status }),
    });
  const finish = <T extends Stamped>(result: T | Refusal, show: (state: T) => Answer): Answer | Refusal =>
    isRefusal(result) ? result : show(result);

  // Projects
  const project = shown<Project & Stamped>(projectView);
  api.route({
    method: 'POST',
    path: '/projects',
    summary: 'Registers a git repository with its checks and completion policy',
    access: 'admin',
    body: requests.createProject,
    response: shapes.project,
    status: 201,
    handler: async (c) => {
      const { key, ...input } = c.body;
      const show = shown<Project & Stamped>(projectView, 201);
      return finish(await registerProject(deps, c.caller, key, input, { respond: c.respond(show) }), show);
    },
  });
  api.route({
    method: 'GET',
    path: '/projects',
    summary: 'Lists projects',
    access: 'read',
    query: listed,
    response: shapes.page(shapes.project),
    handler: async ({ query }) => ({
      body: pageOf((await deps.store.documents<Project>('project')).map(projectView), query),
    }),
  });
  api.route({
    method: 'GET',
    path: '/projects/:id',
    summary: 'One project',
    access: 'read',
    params: idParam,
    response: shapes.project,
    handler: async ({ params }) => {
      const found = await deps.store.document<Project>('project', params.id);
      return found ? project(found) : notFound('project', params.id);
    },
  });
  api.route({
    method: 'PATCH',
    path: '/projects/:id',
    summary: 'Changes a project, and looks at it again',
    access: 'admin',
    ifMatch: 'honoured',
    params: idParam,
    body: requests.patchProject,
    response: shapes.project,
    handler: async (c) =>
      finish(
        await editProject(
          deps,
          c.caller,
          c.params.id,
          c.body,
          c.ifMatch === undefined ? {} : { ifMatch: c.ifMatch },
        ),
        project,
      ),
  });

  // Profiles
  const profile = shown<Profile & Stamped>((state) => profileView(state));
  const readable = (state: Profile & Stamped, role: string | null | undefined): Profile & Stamped =>
    role === 'admin' ? state : { ...state, env: hidden(state.env), files: hidden(state.files) };
  api.route({
    method: 'POST',
    path: '/profiles',
    summary: 'Registers a way to run an agent',
    access: 'admin',
    body: requests.createProfile,
    response: shapes.profile,
    status: 201,
    handler: async (c) => {
      const { id, ...input } = c.body;
      const show = shown<Profile & Stamped>((state) => profileView(state), 201);
      return finish(await registerProfile(deps, c.caller, id, input, { respond: c.respond(show) }), show);
    },
  });
  api.route({
    method: 'GET',
    path: '/profiles',
    summary: 'Lists profiles',
    access: 'read',
    query: listed,
    response: shapes.page(shapes.profile),
    handler: async ({ query, caller }) => {
      const [all, limits] = await Promise.all([deps.store.documents<Profile>('profile'), rateLimits(deps)]);
      const shownTo = (p: Profile & Stamped) =>
        profileView(readable(p, caller.role), limits.get(p.id) ?? null);
      return { body: pageOf(all.map(shownTo), query) };
    },
  });
  api.route({
    method: 'GET',
    path: '/profiles/:id',
    summary: 'One profile',
    access: 'read',
    params: idParam,
    response: shapes.profile,
    handler: async ({ params, caller }) => {
      const found = await deps.store.document<Profile>('profile', params.id);
      if (!found) return notFound('profile', params.id);
      const until = (await rateLimits(deps)).get(found.id) ?? null;
      return { body: profileView(readable(found, caller.role), until), version: found.version };
    },
  });
  api.route({
    method: 'PATCH',
    path: '/profiles/:id',
    summary: 'Changes a profile',
    access: 'admin',
    ifMatch: 'honoured',
    params: idParam,
    body: requests.patchProfile,
    response: shapes.profile,
    handler: async (c) =>
      finish(await editProfile(deps, c.caller, c.params.id, c.body, { ifMatch: c.ifMatch }), profile),
  });

  // Campaigns
  const campaign = shown<Campaign & Stamped>(campaignView);
  api.route({
    method: 'POST',
    path: '/campaigns',
    summary: 'Creates a campaign: a group of tickets with one owner',
    access: 'person',
    body: requests.createCampaign,
    response: shapes.campaign,
    status: 201,
    handler: async (c) => {
      const show = shown<Campaign & Stamped>(campaignView, 201);
      const state: Campaign = { ...c.body, maxWorkers: c.body.maxWorkers ?? null };
      return finish(
        await createDocument<Campaign>(deps, c.caller, 'campaign', state.key, state, {
          respond: c.respond(show),
        }),
        show,
      );
    },
  });
  api.route({
    method: 'GET',
    path: '/campaigns',
    summary: 'Lists campaigns',
    access: 'read',
    query: listed,
    response: shapes.page(shapes.campaign),
    handler: async ({ query }) => ({
      body: pageOf((await deps.store.documents<Campaign>('campaign')).map(campaignView), query),
    }),
  });
  api.route({
    method: 'GET',
    path: '/campaigns/:id',
    summary: 'One campaign',
    access: 'read',
    params: idParam,
    response: shapes.campaign,
    handler: async ({ params }) => {
      const found = await deps.store.document<Campaign>('campaign', params.id);
      return found ? campaign(found) : notFound('campaign', params.id);
    },
  });
  api.route({
    method: 'PATCH',
    path: '/campaigns/:id',
    summary: 'Changes a campaign',
    access: 'person',
    ifMatch: 'honoured',
    params: idParam,
    body: requests.patchCampaign,
    response: shapes.campaign,
    handler: async (c) =>
      finish(
        await changeDocument<Campaign>(
          deps,
          c.caller,
          'campaign',
          c.params.id,
          () => Object.fromEntries(Object.entries(c.body).filter(([, value]) => value !== undefined)),
          { ifMatch: c.ifMatch },
        ),
        campaign,
      ),
  });

  // Policy and pause
  api.route({
    method: 'GET',
    path: '/policy',
    summary: 'Limits, budget, maintenance policy and windows',
    access: 'read',
    response: shapes.policy,
    handler: async () => {
      const policy = await readPolicy(deps);
      return { body: policyView(policy), version: policy.version };
    },
  });
  api.route({
    method: 'PUT',
    path: '/policy',
    summary: 'Sets limits, budget, maintenance policy and windows',
    access: 'admin',
    ifMatch: 'honoured',
    body: requests.putPolicy,
    response: shapes.policy,
    handler: async (c) => {
      const set = Object.fromEntries(Object.entries(c.body).filter(([, value]) => value !== undefined));
      for (const window of c.body.windows ?? []) {
        const problem = cronProblem(window.cron);
        if (problem !== null)
          return refuse('invalid_cron', problem.message, {
            errors: [{ path: 'windows', message: problem.message }],
          });
      }
      const result = await changePolicy(deps, c.caller, set, { ifMatch: c.ifMatch });
      return isRefusal(result) ? result : { body: policyView(result), version: result.version };
    },
  });
  api.route({
    method: 'POST',
    path: '/pause',
    summary: 'The switch for people: nothing new starts; with stop, what runs is stopped too',
    access: 'person',
    body: requests.pause,
    response: shapes.policy,
    handler: async (c) => {
      const result = await setPause(deps, c.caller, c.body);
      return isRefusal(result) ? result : { body: policyView(result), version: result.version };
    },
  });

  // Tokens
  api.route({
    method: 'POST',
    path: '/tokens',
    summary: 'Makes a token; it is shown this once',
    access: 'admin',
    body: requests.createToken,
    response: shapes.issuedToken,
    status: 201,
    secret: { member: 'token', again: (body, request) => secretOf(deps, String(body['role']), request) },
    handler: async (c) => {
      const expiresAt = c.body.expiresAt ? Date.parse(c.body.expiresAt) : null;
      const issued = await createToken(deps, c.caller, { role: c.body.role, name: c.body.name, expiresAt });
      if (isRefusal(issued)) return issued;
      const { info, token } = issued;
      const { id, role, name } = info;
      return {
        body: {
          id,
          role,
          name,
          token,
          expiresAt: isoOrNull(expiresAt),
          createdAt: iso(info.createdAt),
          lastUsedAt: null,
        },
        status: 201,
      };
    },
  });
  api.route({
    method: 'GET',
    path: '/tokens',
    summary: 'Lists tokens, without their secrets',
    access: 'admin',
    query: listed,
    response: shapes.page(shapes.token),
    handler: async ({ query }) => {
      const all = (await deps.store.credentials())
        .filter(({ id }) => id.startsWith('tok_'))
        .map(({ id, role, name, expiresAt, createdAt, lastUsedAt }) => ({
          id,
          role,
          name,
          expiresAt: isoOrNull(expiresAt),
          createdAt: iso(createdAt),
          lastUsedAt: isoOrNull(lastUsedAt),
        }));
      return { body: pageOf(all, query) };
    },
  });
  api.route({
    method: 'DELETE',
    path: '/tokens/:id',
    summary: 'Revokes a token, at once',
    access: 'admin',
    params: idParam,
    status: 204,
    handler: async (c) => {
      const found = await deps.store.document<TokenInfo>('token', c.params.id);
      if (!found) return notFound('token', c.params.id);
      const result = await revokeToken(deps, c.caller, c.params.id);
      return isRefusal(result) ? result : { body: undefined, status: 204 };
    },
  });
}

/** Values of a profile may be keys and passwords; who does not set them sees their names only. */
const hidden = (values: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.keys(values).map((name) => [name, '(hidden)']));
