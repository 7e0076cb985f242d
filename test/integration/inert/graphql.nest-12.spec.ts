import { beforeAll, describe, expect, it } from '@jest/globals';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  Catch,
  ConflictException,
  Module,
  NotFoundException,
  UseFilters,
  UseGuards,
  type CanActivate,
  type DynamicModule,
} from '@nestjs/common';
import { Args, Field, GraphQLModule, Int, Mutation, ObjectType, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { APP_FILTER } from '@nestjs/core';
import { listen, platforms, type Platform } from '../../support/platforms.js';
import { answerOf, requestsOf, withAndWithout, type Answer, type Compared } from '../../support/with-and-without.js';

class SoldOutError extends Error {}

class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

/** A GraphQL filter returns the error that the client is to see. */
@Catch(SoldOutError)
class SoldOutFilter {
  catch(error: SoldOutError): Error {
    return new ConflictException(`sold out: ${error.message}`);
  }
}

/** The user's own `APP_FILTER`; it knows only its own errors. */
@Catch(RangeError)
class RangeFilter {
  catch(error: RangeError): Error {
    return new ConflictException(`out of range: ${error.message}`);
  }
}

@ObjectType()
class Item {
  @Field(() => Int)
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }
}

@Resolver(() => Item)
class ItemsResolver {
  private readonly ids = [1];

  @Query(() => [Item])
  items(): Item[] {
    return this.ids.map((id) => new Item(id));
  }

  @Query(() => Item)
  async item(@Args('id', { type: () => Int }) id: number): Promise<Item> {
    if (!this.ids.includes(id)) throw new NotFoundException(`no item ${String(id)}`);
    return new Item(id);
  }

  @Mutation(() => Item)
  add(@Args('id', { type: () => Int }) id: number): Item {
    this.ids.push(id);
    return new Item(id);
  }

  @Query(() => Item)
  broken(): never {
    throw new Error('the database is gone');
  }

  @Query(() => Item)
  @UseFilters(SoldOutFilter)
  soldOut(): never {
    throw new SoldOutError('shoes');
  }

  @Query(() => Item)
  far(): never {
    throw new RangeError('too far');
  }

  @Query(() => Item)
  @UseGuards(NobodyGuard)
  guarded(): Item {
    return new Item(0);
  }

  @ResolveField(() => String, { nullable: true })
  label(): string {
    throw new Error('no label today');
  }
}

/** What is asked, and what the answer must contain. */
const questions: readonly (readonly [string, string, string])[] = [
  ['a query', '{ items { id } }', '"data":{"items":[{"id":1}]}'],
  ['a mutation', 'mutation { add(id: 2) { id } }', '"data":{"add":{"id":2}}'],
  ['two aliases', '{ one: item(id: 1) { id } two: item(id: 2) { id } }', '"data":{"one":{"id":1},"two":{"id":2}}'],
  ['an HttpException', '{ item(id: 9) { id } }', 'no item 9'],
  ['a failing resolver', '{ broken { id } }', 'the database is gone'],
  ['a failing resolver beside a good one', '{ items { id } guarded { id } }', 'Forbidden resource'],
  ['a failing field', '{ items { id label } }', 'no label today'],
  ["an error for the resolver's own filter", '{ soldOut { id } }', 'sold out: shoes'],
  ["an error for the user's APP_FILTER", '{ far { id } }', 'out of range: too far'],
  ['a guarded resolver', '{ guarded { id } }', 'Forbidden resource'],
  ['an unknown field', '{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
  ['a syntax error', '{ items {', 'GRAPHQL_PARSE_FAILED'],
  ['no query at all', '', 'BAD_REQUEST'],
];

async function ask(platform: Platform, audit: DynamicModule[]): Promise<Answer[]> {
  const graphql = GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    autoSchemaFile: true,
    playground: false,
    includeStacktraceInErrorResponses: false,
  });
  @Module({ providers: [ItemsResolver, { provide: APP_FILTER, useClass: RangeFilter }] })
  class AppModule {}
  const app = await platform.create({ module: AppModule, imports: [...audit, graphql] });
  try {
    const url = `http://127.0.0.1:${String(await listen(app))}/graphql`;
    const answers: Answer[] = [];
    for (const [, query] of questions) {
      const body = JSON.stringify(query === '' ? {} : { query });
      const headers = { 'content-type': 'application/json' };
      answers.push(await answerOf(await fetch(url, { method: 'POST', headers, body })));
    }
    return answers;
  } finally {
    await app.close();
  }
}

describe.each(platforms)('GraphQL by Apollo on $name', (platform) => {
  let compared: Compared<Answer[]>;
  beforeAll(async () => {
    compared = await withAndWithout((audit) => ask(platform, audit));
  });

  it.each(questions.map(([name, , part], index) => ({ name, part, index })))(
    'answers $name as without the module',
    ({ index, part }) => {
      expect(compared.with[index]).toEqual(compared.without[index]);
      expect(compared.without[index]?.body).toContain(part);
    },
  );

  it('records every HTTP request once, with the status on the wire', () => {
    expect(requestsOf(compared.events)).toEqual(
      compared.without.map(({ status }) => `POST /graphql ${String(status)}`),
    );
    const statuses = compared.without.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200, 400]));
  });

  it('takes an answered GraphQL error for what HTTP says it is', () => {
    const outcomes = compared.events.map(({ event }) => event.outcome);
    expect(outcomes).toEqual(compared.without.map(({ status }) => (status < 400 ? 'success' : 'failure')));
  });
});
