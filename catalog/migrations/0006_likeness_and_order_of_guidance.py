"""Similar names stand side by side in an index, the beginnings of names have one; guidance is in order."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0005_keys_and_guidance'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='product',
            index=models.Index(condition=models.Q(('merged_into', None)), fields=['match_key', 'id'], name='product_by_match_key'),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(fields=['name_en'], name='product_by_english_name', opclasses=['varchar_pattern_ops']),
        ),
        migrations.AddIndex(
            model_name='product',
            index=models.Index(fields=['name_fi'], name='product_by_finnish_name', opclasses=['varchar_pattern_ops']),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('start_price', None), ('target_price', None), ('start_price__gte', models.F('target_price')), _connector='OR'), models.Q(('target_price', None), ('floor_price', None), ('target_price__gte', models.F('floor_price')), _connector='OR'), models.Q(('start_price', None), ('floor_price', None), ('start_price__gte', models.F('floor_price')), _connector='OR'), models.Q(('start_price', None), ('start_price__gte', 0), _connector='OR')), name='price_guidance_in_order', violation_error_message='The start price must be at least the target price, and the target price at least the floor price.'),
        ),
    ]
